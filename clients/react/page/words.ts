// Text for states, figures and reasons.

import type { Camera, CameraState } from './api-types'

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

export function codecWords(codec: string): string {
  return (
    { h264: 'H.264', h265: 'H.265', mjpeg: 'MJPEG', jpeg: 'JPEG', mpeg4: 'MPEG-4', vp8: 'VP8', vp9: 'VP9', av1: 'AV1' }[
      codec
    ] ?? codec
  )
}

export function sizeWords({ width, height }: Camera): string | null {
  return width && height ? `${width} × ${height}` : null
}

/** The gateway's messages begin in lower case. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Why there is no picture. @param problem why no frames reach this page; null if they do. */
export function whyNoPicture(camera: Camera, problem: string | null, unreachable: string | null): string {
  if (unreachable !== null) return 'Cannot reach the gateway'
  const waitS = camera.waiting_for_key_frame_s ?? 0
  if (waitS >= 1 && camera.state !== 'live') return `Waiting for a key frame for ${Math.round(waitS)} s`
  if (camera.last_error && camera.state !== 'live') return capitalized(camera.last_error.message)
  if (camera.state === 'connecting') return 'Connecting to the camera'
  if (camera.state === 'stalled') return 'The camera is connected but sends no complete frames'
  if (camera.state === 'retrying') return 'Reconnecting to the camera'
  return capitalized(problem ?? 'the camera is live, but its frames do not reach this page')
}

export function pythonLines(camera: Camera): string {
  const [topic, endpoint] = [JSON.stringify(camera.zmq_topic), JSON.stringify(camera.zmq_endpoint)]
  return `from framegate import FrameSubscriber\nframes = FrameSubscriber(${topic}, ${endpoint})`
}

export function readersInAll({ readers }: Camera): number {
  return readers.mjpeg + readers.webrtc + readers.hls + readers.rtsp
}

export function readersByWay({ readers }: Camera): string {
  const { webrtc, hls, rtsp, mjpeg } = readers
  return `WebRTC ${webrtc}, HLS ${hls}, RTSP ${rtsp}, MJPEG ${mjpeg}. ZeroMQ subscribers are not counted.`
}
