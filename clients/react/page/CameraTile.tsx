import { useContext } from 'react'
import type { Camera } from './api-types'
import { StateWord } from './StateWord'
import { ThumbnailsContext, useThumbnailCanvas } from './thumbnails'
import { ageWords, capitalized, codecWords, readersByWay, readersInAll, sizeWords, whyNoPicture } from './words'

interface Props {
  camera: Camera
  unreachable: string | null
  onOpen: () => void
  onCopy: () => void
  onStop: () => void
}

export function CameraTile({ camera, unreachable, onOpen, onCopy, onStop }: Props) {
  const thumbnails = useContext(ThumbnailsContext)
  const canvas = useThumbnailCanvas(camera.name)
  const ageMs = thumbnails?.ageMs(camera.name) ?? null
  const stale = unreachable !== null || (thumbnails?.isStale(camera) ?? false)
  const why = stale || camera.state !== 'live' ? whyNoPicture(camera, thumbnails?.problem ?? null, unreachable) : null
  const picture = ageMs === null ? 'none' : stale ? 'stale' : 'fresh'
  return (
    <article className="tile" aria-label={camera.name} data-camera-tile={camera.name} data-picture={picture}>
      <button type="button" className="tile-picture" onClick={onOpen} aria-label={`Open ${camera.name}`}>
        <canvas ref={canvas} width={16} height={9} />
        {picture === 'none' && why === null && <span className="tile-words">Waiting for the first frame</span>}
        {why !== null && (picture !== 'fresh' || stale) && (
          <span className="tile-words">
            {ageMs !== null && <strong>No new frame for {ageWords(ageMs)}</strong>}
            {why}
          </span>
        )}
      </button>
      <div className="tile-body">
        <div className="tile-head">
          <h3 title={camera.name}>{camera.name}</h3>
          <StateWord state={unreachable !== null ? 'unknown' : camera.state} />
        </div>
        {camera.last_error && camera.state !== 'live' && picture === 'fresh' && !stale && (
          <p className="tile-reason">{capitalized(camera.last_error.message)}</p>
        )}
        <dl className="figures">
          <Figure label="Rate" value={camera.state === 'live' ? `${Math.round(camera.fps)} fps` : '–'} />
          <Figure label="Frame age" value={camera.age_ms === null ? '–' : ageWords(camera.age_ms)} />
          <Figure label="Readers" value={String(readersInAll(camera))} title={readersByWay(camera)} />
        </dl>
        <div className="tile-foot">
          <span className="format">
            {[sizeWords(camera), camera.codec && codecWords(camera.codec)].filter(Boolean).join(' · ') ||
              'No video yet'}
          </span>
          <button type="button" className="button small quiet" onClick={onCopy} aria-label={`Use ${camera.name}`}>
            Use
          </button>
          <button type="button" className="button small quiet" onClick={onStop} aria-label={`Stop ${camera.name}`}>
            Stop
          </button>
        </div>
      </div>
    </article>
  )
}

export function Figure({ label, value, title }: { label: string; value: string; title?: string }) {
  return (
    <div title={title}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}
