import { useEffect, useRef, useState } from 'react'
import type { Camera } from './api-types'
import { pythonLines } from './words'

/** The addresses that other programs use to receive this camera. */
export function CopyList({ camera }: { camera: Camera }) {
  const missing = camera.mediamtx_reason ?? 'MediaMTX is not available'
  return (
    <div className="copy-list">
      <CopyRow label="Python" text={pythonLines(camera)} />
      <CopyRow label="WHEP" hint="WebRTC" text={camera.webrtc_whep} missing={missing} />
      <CopyRow label="HLS" text={camera.hls} missing={missing} />
      <CopyRow label="RTSP" text={camera.rtsp_url} missing={missing} />
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
  hint?: string
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
        {label}
        {hint && <small>{hint}</small>}
      </div>
      {text === null ? (
        <p className="copy-missing">{missing}</p>
      ) : (
        <>
          <code ref={code} tabIndex={0}>
            {text}
          </code>
          <button
            type="button"
            className="button small"
            aria-label={`Copy ${label}`}
            onClick={() => void copy(text, code.current).then((copied) => setNote(copied ? 'Copied' : 'Selected'))}
          >
            <span aria-live="polite">{note ?? 'Copy'}</span>
          </button>
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
