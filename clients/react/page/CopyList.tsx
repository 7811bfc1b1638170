import { useEffect, useRef, useState } from 'react'
import { gatewayBase } from './api'
import type { Camera } from './api-types'
import { pythonUse } from './python-use'

/** The program and the addresses by which others receive this camera. */
export function CopyList({ camera }: { camera: Camera }) {
  const missing = camera.mediamtx_reason ?? 'MediaMTX is not available'
  const withTicket = camera.ticket === null ? '' : `&ticket=${encodeURIComponent(camera.ticket)}`
  const overHttp = (path: string) => `${gatewayBase}/${path}?cam=${encodeURIComponent(camera.name)}${withTicket}`
  const python = pythonUse(camera, gatewayBase)
  return (
    <div className="copy-list">
      <CopyRow
        label="Python"
        hint="a whole program, after pip install ./clients/python of the repository"
        text={python.program}
      />
      {python.environment !== null && (
        <CopyRow label="Shell" hint="before the program, with your own token and keys" text={python.environment} />
      )}
      {python.caution !== null && <p className="copy-note">{python.caution}</p>}
      {camera.ticket !== null && (
        <p className="copy-note">
          The ticket in the following addresses opens this camera to anyone who has it, for about an hour. Who has begun
          to watch by then may go on.
        </p>
      )}
      <CopyRow label="Snapshot" hint="one JPEG image" text={overHttp('snapshot')} />
      <CopyRow label="MJPEG" hint="for an <img> element" text={overHttp('mjpeg')} />
      <CopyRow label="WHEP" hint="WebRTC, the quickest video in browsers" text={camera.webrtc_whep} missing={missing} />
      <CopyRow label="HLS" hint="for players and browsers" text={camera.hls} missing={missing} />
      <CopyRow label="RTSP" hint="for VLC, ffmpeg and recorders" text={camera.rtsp_url} missing={missing} />
    </div>
  )
}

function CopyRow({
  label,
  hint,
  text,
  missing,
}: {
  label: string
  hint: string
  text: string | null
  missing?: string
}) {
  const code = useRef<HTMLElement>(null)
  const [note, setNote] = useState<string | null>(null)
  useEffect(() => {
    if (note === null) return
    const timer = setTimeout(() => setNote(null), 2500)
    return () => clearTimeout(timer)
  }, [note])
  return (
    <div className="copy-row">
      <div className="copy-label">
        {label} <small>{hint}</small>
      </div>
      {text === null ? (
        <p className="copy-missing">{missing}</p>
      ) : (
        <>
          <button
            type="button"
            className="button small"
            aria-label={`Copy ${label}`}
            onClick={() => void copy(text, code.current).then((copied) => setNote(copied ? 'Copied' : 'Selected'))}
          >
            <span aria-live="polite">{note ?? 'Copy'}</span>
          </button>
          {/* A program scrolls sideways, also by keyboard. */}
          <code ref={code} {...(text.includes('\n') && { className: 'program', tabIndex: 0 })}>
            {text}
          </code>
        </>
      )}
    </div>
  )
}

/**
 * The clipboard API needs a secure context, which plain HTTP on a LAN is not.
 *
 * @returns false if the text is only selected.
 */
async function copy(text: string, element: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    if (!element) return false
    getSelection()?.selectAllChildren(element)
    return document.execCommand('copy')
  }
}
