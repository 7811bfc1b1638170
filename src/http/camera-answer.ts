// A camera as the HTTP API shows it.

import type { Grant } from '../auth/auth.js'
import { cameraSettingsJson, toJson, type StartRequest } from '../camera-settings.js'
import { redact } from '../redact.js'
import type { CameraView } from '../types.js'
import type { CameraAnswer } from './answers.js'
import type { HttpDeps } from './deps.js'
import type { CameraEventAnswer } from './operator-answers.js'
import { judgePlayability } from './playability.js'

const shownSettings = cameraSettingsJson.omit({ rtsp: true })

/** The camera's address as the API shows it. */
function sourceOf({ settings }: CameraView): string {
  return redact(settings.rtsp)
}

/** With `replace`, the masked address of a camera stands for the real one, so that clients can change settings alone. */
export function withRealAddress(request: StartRequest, named: CameraView | undefined): StartRequest {
  const masked = request.replace === true && named !== undefined && request.rtsp === sourceOf(named)
  return masked ? { ...request, rtsp: named.settings.rtsp } : request
}

/** Who asks. */
export interface Caller {
  /** The host name by which it reached the gateway. */
  host: string
  grant: Grant | null
}

export function describeCamera(deps: HttpDeps, camera: CameraView, caller: Caller): CameraAnswer {
  const host = caller.host || '127.0.0.1'
  const ticket = ticketOf(deps, camera.name, caller)
  const withTicket = ticketAdder(deps.relay.mode === 'managed' ? ticket : null)
  const zmqEndpoint = deps.zmqEndpoint(host)
  const stats = camera.stats()
  const video = camera.videoFormat()
  const urls =
    camera.relayProblem === null
      ? deps.relay.urls(camera.name, host)
      : { webrtcWhep: null, hls: null, rtsp: null, reason: camera.relayProblem }
  const mjpegReaders = deps.frames.readers(camera.name)
  const players = deps.relay.readers(camera.name)
  const relayProblem = urls.rtsp === null ? urls.reason : null
  const { preferred, ...playability } = judgePlayability(camera.stream, video.bFrames, relayProblem)
  return {
    ...shownSettings.parse(toJson(camera.settings)),
    source: sourceOf(camera),
    owner: camera.owner,
    state: camera.state,
    last_error: camera.lastError && {
      code: camera.lastError.code,
      message: camera.lastError.message,
      since: new Date(camera.lastError.sinceMs).toISOString(),
    },
    next_attempt_s: camera.nextAttemptMs === null ? null : Math.ceil(camera.nextAttemptMs / 1000),
    mediamtx_path: urls.rtsp === null ? null : camera.name,
    webrtc_whep: withTicket(urls.webrtcWhep, true),
    hls: withTicket(urls.hls, true),
    rtsp_url: withTicket(urls.rtsp, false),
    mediamtx_reason: urls.reason,
    zmq_topic: camera.name,
    zmq_endpoint: zmqEndpoint,
    zmq_keys: deps.zmqNeedsKeys(zmqEndpoint),
    ticket,
    lane: deps.lane(camera.name),
    transport: camera.transport,
    fps: Math.round(stats.fps * 10) / 10,
    age_ms: stats.ageMs === null ? null : Math.round(stats.ageMs),
    codec: camera.stream?.codec ?? null,
    audio: camera.stream?.audio ?? null,
    width: video.width,
    height: video.height,
    gop_length: video.gopLength,
    b_frames: video.bFrames,
    playability,
    preferred,
    waiting_for_key_frame_s: stats.waitingForKeyMs === null ? null : Math.round(stats.waitingForKeyMs / 100) / 10,
    decoding: stats.decoding,
    cpu_percent: stats.cpuPercent === null ? null : Math.round(stats.cpuPercent * 10) / 10,
    renditions: camera.renditionTopics,
    refused_renditions: [...camera.refusedRenditions].map(([topic, message]) => ({ topic, message })),
    readers: { mjpeg: mjpegReaders, ...players },
    readers_by_kind: { ...deps.frames.readersByKind(camera.name), ...players },
    mjpeg_readers: mjpegReaders,
    reconnects: camera.reconnects,
    started_at: new Date(camera.startedAtMs).toISOString(),
    frames_published: camera.framesPublished,
    frames_late: stats.late,
    frames_overwritten: stats.overwritten,
    frames_gated: stats.gateDropped,
    totals: totalsOf(camera),
  }
}

function totalsOf(camera: CameraView): CameraAnswer['totals'] {
  const { bytes, received, decoded, shown, gated, damaged, skipped, late, overwritten } = camera.totals()
  return { received_bytes: bytes, received, decoded, shown, gated, damaged, skipped, late, overwritten }
}

/** What has happened to a camera, the newest first. @param toAdmin whether to say who asked. */
export function describeEvents(camera: CameraView, toAdmin: boolean): CameraEventAnswer[] {
  return camera.events().map(({ kind, from, to, error, changed, by, firstMs, lastMs, count }) => ({
    ...{ kind, from, to, changed, count },
    first_at: new Date(firstMs).toISOString(),
    last_at: new Date(lastMs).toISOString(),
    code: error?.code ?? null,
    message: error?.message ?? null,
    by: toAdmin ? by : null,
  }))
}

/** Lets its holder watch the camera; null if clients need no token. */
function ticketOf({ auth }: HttpDeps, camera: string, { grant }: Caller): string | null {
  return grant === null || !auth.required ? null : auth.ticketFor(grant, camera).ticket
}

/** Adds a ticket to the addresses at MediaMTX. */
function ticketAdder(ticket: string | null) {
  return (address: string | null, overHttp: boolean): string | null => {
    if (address === null || ticket === null) return address
    // GStreamer's RTSP client loses the query.
    return overHttp ? `${address}?ticket=${ticket}` : address.replace('://', `://ticket:${ticket}@`)
  }
}
