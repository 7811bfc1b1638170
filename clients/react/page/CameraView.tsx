import { useRef, useState } from 'react'
import { ReactWhepSample, WAY_WORDS, type Way } from '../ReactWhepSample'
import { gatewayBase } from './api'
import type { Camera, Verdict } from './api-types'
import { Figures, figuresOf } from './CameraTile'
import { CameraLog } from './CameraLog'
import { CopyList } from './CopyList'
import { Dialog } from './Dialog'
import { sizeWords, timeWords } from './events'
import { StateWord } from './StateWord'
import { whyNoPicture } from './words'

/** One camera, large. */
export function CameraView({
  camera,
  unreachable,
  onClose,
}: {
  camera: Camera
  unreachable: string | null
  onClose: () => void
}) {
  const [way, setWay] = useState<Way | null>(null)
  const [first, setFirst] = useState(() => tilePicture(camera.name))
  const picture = useRef<HTMLDivElement>(null)
  const why = unreachable !== null || camera.state !== 'live' ? whyNoPicture(camera, null, unreachable) : null
  const { gop_length: gopLength, reconnects, cpu_percent: cpu, totals } = camera
  return (
    <Dialog
      className="large"
      title={
        <>
          {camera.name} <StateWord state={unreachable !== null ? 'unknown' : camera.state} />
        </>
      }
      onClose={onClose}
    >
      <div className="large-picture" ref={picture}>
        <ReactWhepSample
          cameraName={camera.name}
          gatewayBase={gatewayBase}
          className="large-video"
          // Until the player has a picture of its own.
          style={
            first === null
              ? undefined
              : { background: why === null && first.isFresh ? first.image : `${SHADE}, ${first.image}` }
          }
          onState={(state) => {
            setWay(state.way)
            if (state.way !== null) setFirst(null)
          }}
        />
        {document.fullscreenEnabled && <FullScreenButton element={picture} />}
      </div>
      {why !== null && <p className="large-why">{why}</p>}
      <p className="source">{camera.source}</p>
      <Figures
        unreachable={unreachable}
        figures={[
          ...figuresOf(camera),
          { label: 'Key frame every', value: gopLength === null ? null : `${gopLength} frames` },
          { label: 'Reconnected', value: reconnects === 1 ? 'once' : `${reconnects} times` },
          { label: 'Played here over', value: way === null ? null : WAY_WORDS[way] },
          {
            label: 'CPU',
            value: cpu === null ? null : `${cpu < 10 ? cpu.toFixed(1) : Math.round(cpu)} % of a core`,
            title: 'Receiving, decoding, scaling and encoding, over the last 5 s.',
          },
          { label: 'Received', value: sizeWords(totals.received_bytes) },
          { label: 'Started', value: timeWords(camera.started_at) },
        ]}
      />
      {camera.playability && (
        <ul className="verdicts">
          <VerdictLine way="webrtc" verdict={camera.playability.webrtc} />
          <VerdictLine way="hls" verdict={camera.playability.hls} />
        </ul>
      )}
      <CameraLog camera={camera} />
      <h3>Use it elsewhere</h3>
      <CopyList camera={camera} />
    </Dialog>
  )
}

/** Over a picture that is old, or that words explain. */
const SHADE = 'linear-gradient(rgb(20 23 27 / 75%), rgb(20 23 27 / 75%))'

/** What the tile shows, as a background; null if that is nothing. */
function tilePicture(name: string): { image: string; isFresh: boolean } | null {
  const tile = document.querySelector<HTMLElement>(`[data-camera-tile="${name}"]`)
  const canvas = tile?.querySelector('canvas')
  const picture = tile?.dataset.picture ?? 'none'
  if (!canvas || picture === 'none') return null
  return { image: `url(${canvas.toDataURL('image/jpeg')}) center / contain no-repeat`, isFresh: picture === 'fresh' }
}

function FullScreenButton({ element }: { element: React.RefObject<HTMLElement | null> }) {
  const toggle = () => (document.fullscreenElement ? document.exitFullscreen() : element.current?.requestFullscreen())
  return (
    <button
      type="button"
      className="icon-button full-screen"
      aria-label="Full screen"
      title="Full screen"
      onClick={() => void toggle()?.catch(() => undefined)}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" />
      </svg>
    </button>
  )
}

function VerdictLine({ way, verdict }: { way: Way; verdict: Verdict }) {
  if (verdict.ok === true) return null
  return (
    <li>
      {verdict.ok === false
        ? `Browsers cannot play this video over ${WAY_WORDS[way]}`
        : `Not yet known whether browsers can play this video over ${WAY_WORDS[way]}`}
      {verdict.reason && `: ${verdict.reason}`}
    </li>
  )
}
