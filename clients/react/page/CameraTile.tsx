import { useContext } from 'react'
import type { Camera } from './api-types'
import { StateWord } from './StateWord'
import { ThumbnailsContext, useThumbnailCanvas } from './thumbnails'
import { ageWords, errorWords, readersByKind, videoWords, whyNoPicture } from './words'

/** What a tile's buttons do; undefined for what the session may not do. */
export interface TileActions {
  onOpen: (name: string) => void
  onUse: (name: string) => void
  onEdit?: (name: string) => void
  onStop?: (name: string) => void
}

interface Props extends TileActions {
  camera: Camera
  unreachable: string | null
}

export function CameraTile({ camera, unreachable, onOpen, onUse, onEdit, onStop }: Props) {
  const thumbnails = useContext(ThumbnailsContext)
  const canvas = useThumbnailCanvas(camera.name)
  const { name } = camera
  // The gateway changes a camera of framegate.yaml only with the file.
  const ofFile = camera.owner === 'file'
  const ageMs = thumbnails?.ageMs(name) ?? null
  const stale = unreachable !== null || (thumbnails?.isStale(camera) ?? false)
  const why = stale || camera.state !== 'live' ? whyNoPicture(camera, thumbnails?.problem ?? null, unreachable) : null
  const isRefused = unreachable === null && camera.last_error?.code === 'ERR_SOURCE_UNAUTHORIZED'
  const advice = isRefused && onEdit && !ofFile ? '. To correct the password, or to try now, use Edit' : ''
  const picture = ageMs === null ? 'none' : stale ? 'stale' : 'fresh'
  const [sent, newest, readers] = figuresOf(camera)
  return (
    <article className="tile" aria-label={name} data-tile={name} data-camera-tile={name} data-picture={picture}>
      <div className="tile-picture">
        <button type="button" className="tile-open" onClick={() => onOpen(name)} aria-label={`Open ${name}`}>
          <canvas ref={canvas} width={16} height={9} />
        </button>
        {picture === 'none' && why === null && <p className="tile-words">Waiting for the first frame</p>}
        {why !== null && (picture !== 'fresh' || stale) && (
          <p className="tile-words">
            {ageMs !== null && ageMs >= 1000 && <strong>No new frame for {ageWords(ageMs)}</strong>}
            {why + advice}
          </p>
        )}
      </div>
      <div className="tile-body">
        <div className="tile-head">
          <h2 title={name}>{name}</h2>
          <StateWord state={unreachable !== null ? 'unknown' : camera.state} />
        </div>
        <p className="source" title={camera.source}>
          {camera.source}
          {ofFile && ' (framegate.yaml)'}
        </p>
        {camera.last_error && camera.state !== 'live' && picture === 'fresh' && !stale && (
          <p className="tile-reason">{errorWords(camera)}</p>
        )}
        <Figures figures={[sent, newest]} unreachable={unreachable} />
        <div className="tile-foot">
          <Figures figures={[readers]} unreachable={unreachable} />
          <TileButton action={onUse} words="Use" name={name} />
          <TileButton action={ofFile ? undefined : onEdit} words="Edit" name={name} />
          <TileButton action={ofFile ? undefined : onStop} words="Stop" name={name} />
        </div>
      </div>
    </article>
  )
}

function TileButton({ action, words, name }: { action?: (name: string) => void; words: string; name: string }) {
  if (!action) return null
  return (
    <button type="button" className="button small quiet" onClick={() => action(name)} aria-label={`${words} ${name}`}>
      {words}
    </button>
  )
}

export interface FigureText {
  label: string
  /** null or '': not known. */
  value: string | null
  title?: string
}

/** What the camera sends, the age of its newest frame, and its readers. */
export function figuresOf(camera: Camera): [FigureText, FigureText, FigureText] {
  const { state, fps, age_ms: ageMs } = camera
  // The gateway has no rate in the first second.
  const rate = state === 'live' && fps > 0 && `${fps < 1 ? fps.toFixed(1) : Math.round(fps)} fps`
  const sent = [rate, videoWords(camera)].filter(Boolean).join(' · ')
  return [
    { label: 'Camera sends', value: sent },
    { label: 'Newest frame', value: ageMs === null ? null : `${ageWords(ageMs)} old` },
    {
      label: 'Readers',
      value: readersByKind(camera),
      title: 'HTTP: pages like this one, MJPEG and snapshots. WebRTC, HLS, RTSP: players.',
    },
  ]
}

/** While the gateway is away, no figure is known. */
export function Figures({ figures, unreachable }: { figures: FigureText[]; unreachable: string | null }) {
  return (
    <dl className="figures">
      {figures.map(({ label, value, title }) => (
        <div key={label} title={title}>
          <dt>{label}</dt>
          <dd>{(unreachable === null && value) || '–'}</dd>
        </div>
      ))}
    </dl>
  )
}
