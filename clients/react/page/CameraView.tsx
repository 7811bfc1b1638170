import { useRef, useState } from 'react'
import { ReactWhepSample, WAY_WORDS, type Way } from '../ReactWhepSample'
import { gatewayBase } from './api'
import type { Camera, Verdict } from './api-types'
import { Figures, figuresOf } from './CameraTile'
import { CopyList } from './CopyList'
import { Dialog } from './Dialog'
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
  const picture = useRef<HTMLDivElement>(null)
  const why = unreachable !== null || camera.state !== 'live' ? whyNoPicture(camera, null, unreachable) : null
  const { gop_length: gopLength, reconnects } = camera
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
          onState={(state) => setWay(state.way)}
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
        ]}
      />
      {camera.playability && (
        <ul className="verdicts">
          <VerdictLine way="webrtc" verdict={camera.playability.webrtc} />
          <VerdictLine way="hls" verdict={camera.playability.hls} />
        </ul>
      )}
      <h3>Use it elsewhere</h3>
      <CopyList camera={camera} />
    </Dialog>
  )
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
