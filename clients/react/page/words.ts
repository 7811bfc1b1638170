// Text for states, figures and reasons.

import type { Camera, CameraState } from './api-types.js'

export const STATE_WORDS: Record<CameraState, string> = {
  connecting: 'connecting',
  live: 'live',
  stalled: 'stalled',
  retrying: 'retrying',
  stopped: 'stopped',
}

export function ageWords(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60000) return `${(ms / 1000).toFixed(ms < 10000 ? 1 : 0)} s`
  if (ms < 3600000) return `${Math.floor(ms / 60000)} min`
  return `${Math.floor(ms / 3600000)} h`
}

function codecWords(codec: string): string {
  return (
    { h264: 'H.264', h265: 'H.265', mjpeg: 'MJPEG', jpeg: 'JPEG', mpeg4: 'MPEG-4', vp8: 'VP8', vp9: 'VP9', av1: 'AV1' }[
      codec
    ] ?? codec
  )
}

/** `1280 × 720 · H.264`; null while both are unknown. */
export function videoWords({ width, height, codec }: Camera): string | null {
  return (
    [width && height ? `${width} × ${height}` : null, codec && codecWords(codec)].filter(Boolean).join(' · ') || null
  )
}

/** The gateway's messages begin in lower case. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The gateway tries most cameras again within 2 s. */
const LONG_WAIT_S = 5

/** The camera's error and, if the gateway waits long before it tries again, how long. */
export function errorWords({ last_error: error, next_attempt_s: seconds }: Camera): string {
  const words = capitalized(error?.message ?? '')
  return seconds === null || seconds < LONG_WAIT_S ? words : `${words}. Next attempt in ${waitWords(seconds)}`
}

function waitWords(seconds: number): string {
  return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}

/** Why there is no picture. @param problem why no frames reach this page; null if they do. */
export function whyNoPicture(camera: Camera, problem: string | null, unreachable: string | null): string {
  if (unreachable !== null) return 'Cannot reach the gateway'
  const waitS = camera.waiting_for_key_frame_s ?? 0
  if (waitS >= 1 && camera.state !== 'live') return `Waiting for a key frame for ${Math.round(waitS)} s`
  if (camera.last_error && camera.state !== 'live') return errorWords(camera)
  if (camera.state === 'connecting') return 'Connecting to the camera'
  if (camera.state === 'stalled') return 'The camera is connected but sends no complete frames'
  if (camera.state === 'retrying') return 'Reconnecting to the camera'
  return capitalized(problem ?? 'the camera is live, but its frames do not reach this page')
}

const KIND_WORDS = {
  lane: 'Python on this machine',
  zmq: 'Python (ZeroMQ)',
  http: 'HTTP',
  webrtc: 'WebRTC',
  hls: 'HLS',
  rtsp: 'RTSP',
} as const

/** `2 Python (ZeroMQ), 1 HTTP`, or `none`. */
export function readersByKind({ readers_by_kind: kinds }: Camera): string {
  const present = (Object.keys(KIND_WORDS) as (keyof typeof KIND_WORDS)[]).filter((kind) => kinds[kind] > 0)
  return present.map((kind) => `${kinds[kind]} ${KIND_WORDS[kind]}`).join(', ') || 'none'
}
