// The gateway's HTTP API, as far as the page uses it. Addresses are relative: the page
// works under a sub-path of a reverse proxy.

export type Way = 'webrtc' | 'hls' | 'mjpeg'
export type CameraState = 'connecting' | 'live' | 'stalled' | 'retrying' | 'stopped'

export interface Verdict {
  ok: boolean | null
  reason: string | null
}

export interface Camera {
  name: string
  state: CameraState
  last_error: { code: string; message: string; since: string } | null
  webrtc_whep: string | null
  hls: string | null
  rtsp_url: string | null
  mediamtx_reason: string | null
  zmq_topic: string
  zmq_endpoint: string
  fps: number
  age_ms: number | null
  codec: string | null
  audio: boolean | null
  width: number | null
  height: number | null
  gop_length: number | null
  b_frames: boolean | null
  playability?: { webrtc: Verdict; hls: Verdict }
  preferred?: Way
  readers: { mjpeg: number; webrtc: number; hls: number; rtsp: number }
  reconnects: number
  started_at: string
}

export interface StartRequest {
  name: string
  rtsp: string
  pub_fps?: number
  scale_width?: number
}

/** The gateway answered, and said no. */
export class GatewayError extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message)
  }
}

/** No answer that makes sense came. */
export class UnreachableError extends Error {}

/** Without the slash at its end. */
export const gatewayBase = new URL('.', location.href).href.replace(/\/$/, '')

const LIMIT_MS = 5000
// A start or stop may have to wait for MediaMTX.
const ORDER_LIMIT_MS = 30000

export async function listCameras(): Promise<Camera[]> {
  const body = await call('cameras', {}, LIMIT_MS)
  if (!Array.isArray(body.cameras)) throw new UnreachableError('what answers here is not a Framegate gateway')
  return body.cameras as Camera[]
}

export async function startCamera(request: StartRequest): Promise<void> {
  await call('cameras/start', { method: 'POST', body: JSON.stringify(request) }, ORDER_LIMIT_MS)
}

export async function stopCamera(name: string): Promise<void> {
  await call('cameras/stop', { method: 'POST', body: JSON.stringify({ name }) }, ORDER_LIMIT_MS)
}

async function call(path: string, options: RequestInit, limitMs: number): Promise<Record<string, unknown>> {
  let response: Response
  let text: string
  try {
    response = await fetch(path, { ...options, cache: 'no-store', signal: AbortSignal.timeout(limitMs) })
    text = await response.text()
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    throw new UnreachableError(late ? `it did not answer within ${limitMs / 1000} s` : 'nothing answers at its address')
  }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new UnreachableError(`its answer (HTTP ${response.status}) is not what a gateway says`)
  }
  if (body === null || typeof body !== 'object')
    throw new UnreachableError(`its answer (HTTP ${response.status}) is not what a gateway says`)
  const answer = body as Record<string, unknown>
  if (!response.ok || answer.ok === false) {
    throw new GatewayError(
      String(answer.error ?? `the gateway answered HTTP ${response.status}`),
      String(answer.code ?? ''),
    )
  }
  return answer
}
