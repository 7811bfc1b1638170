import { useState } from 'react'
import { ReactWhepSample, WAY_WORDS, type Way } from '../ReactWhepSample'
import { gatewayBase } from './api'
import type { Camera, Verdict } from './api-types'
import { Figure } from './CameraTile'
import { CopyList } from './CopyList'
import { Dialog } from './Dialog'
import { StateWord } from './StateWord'
import { ageWords, codecWords, readersByWay, readersInAll, sizeWords, whyNoPicture } from './words'

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
  const why = unreachable !== null || camera.state !== 'live' ? whyNoPicture(camera, null, unreachable) : null
  const video = [sizeWords(camera), camera.codec && codecWords(camera.codec)].filter(Boolean).join(' · ') || '–'
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
      <div className="large-picture">
        <ReactWhepSample
          cameraName={camera.name}
          gatewayBase={gatewayBase}
          className="large-video"
          onState={(state) => setWay(state.way)}
        />
      </div>
      {why !== null && <p className="large-why">{why}</p>}
      <dl className="figures wide">
        <Figure label="Rate" value={`${Math.round(camera.fps)} fps`} />
        <Figure label="Frame age" value={camera.age_ms === null ? '–' : ageWords(camera.age_ms)} />
        <Figure label="Readers" value={String(readersInAll(camera))} title={readersByWay(camera)} />
        <Figure label="Video" value={video} />
        <Figure label="Key frame every" value={camera.gop_length === null ? '–' : `${camera.gop_length} frames`} />
        <Figure label="Reconnects" value={String(camera.reconnects)} />
        <Figure label="Playing over" value={way === null ? '–' : WAY_WORDS[way]} />
      </dl>
      {camera.playability && (
        <ul className="verdicts">
          <VerdictLine way="webrtc" verdict={camera.playability.webrtc} />
          <VerdictLine way="hls" verdict={camera.playability.hls} />
        </ul>
      )}
      <CopyList camera={camera} />
    </Dialog>
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
