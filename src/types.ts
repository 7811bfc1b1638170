// Plain types that several parts share.

import type { CameraSettings } from './camera-settings.js'
import type { CameraErrorCode } from './error-codes.js'
import type { PipelineStats } from './native.js'
import type { PipelineCounters } from './pipeline-counters.js'

/** One published frame. Times are microseconds since 1970, by the gateway's clock. */
export interface Frame {
  /** ZeroMQ topic: the camera's name, or a rendition of it (`name@320w5fps`). */
  topic: string
  camera: string
  /** Counts the frames published on this topic since the camera was started, from 0. */
  seq: number
  /** FF D8 ... FF D9, `width` x `height` pixels. */
  jpegBytes: Buffer
  width: number
  height: number
  sourceWidth: number
  sourceHeight: number
  receivedAtUs: number
  /** The same moment by performance.now(), for ages: steps of the system clock do not change it. */
  receivedAtMs: number
  publishedAtUs: number
  /** By the camera's own clock; null while unknown. */
  capturedAtUs: number | null
}

/** Who added a camera: a client of the API, framegate.yaml or --demo. Only those of the API are saved. */
export type CameraOwner = 'api' | 'file' | 'demo'

export type CameraState = 'connecting' | 'live' | 'stalled' | 'retrying' | 'stopped'

export interface CameraError {
  code: CameraErrorCode
  /** For people; never holds credentials. */
  message: string
  /** Milliseconds since 1970. */
  sinceMs: number
}

/** Something that happened to a camera, once or several times in a short while. */
export interface CameraEvent {
  /** `problem`: a reason without another state. */
  kind: 'started' | 'replaced' | 'state' | 'problem'
  /** Of `state`. */
  from: CameraState | null
  to: CameraState | null
  /** The newest reason. */
  error: Pick<CameraError, 'code' | 'message'> | null
  /** Of `replaced`: the settings that differ, by their names in JSON. */
  changed: string[]
  /** Who asked; null: not a client. */
  by: string | null
  /** Milliseconds since 1970. */
  firstMs: number
  lastMs: number
  count: number
}

/** null: unknown so far. */
export interface VideoFormat {
  /** Pixels. */
  width: number | null
  height: number | null
  /** Frames from key frame to key frame. */
  gopLength: number | null
  bFrames: boolean | null
}

/** A camera as the HTTP API sees it. */
export interface CameraView {
  readonly name: string
  readonly settings: CameraSettings
  readonly owner: CameraOwner
  readonly state: CameraState
  readonly lastError: CameraError | null
  /** Why no frame of it will come soon; null if one may. */
  readonly refusal: CameraError | null
  readonly stream: { codec: string; audio: boolean } | null
  /** How packets arrive from the camera in this session: `tcp` or `udp`. */
  readonly transport: 'tcp' | 'udp'
  /** Why the gateway pulls it directly although there is a MediaMTX; null if it does not. */
  readonly relayProblem: string | null
  /** Until it connects again; null while it is connected or connecting. */
  readonly nextAttemptMs: number | null
  /** Sessions after the first. */
  readonly reconnects: number
  /** Milliseconds since 1970. */
  readonly startedAtMs: number
  readonly renditionTopics: string[]
  /** Topics that have readers but are not encoded, and why. */
  readonly refusedRenditions: ReadonlyMap<string, string>
  /** Frames published to readers in this session, over all topics. */
  readonly framesPublished: number
  /** Why a reader of the topic that came now would get no frames; null if it would, or if the camera is not live. */
  whyNotEncoded(topic: string): string | null
  videoFormat(): VideoFormat
  stats(): PipelineStats
  /** Over all sessions. */
  totals(): PipelineCounters
  /** The newest first. */
  events(): CameraEvent[]
  on(event: 'state', listener: (state: CameraState) => void): unknown
  off(event: 'state', listener: (state: CameraState) => void): unknown
}

/** How a start differs from what was asked. */
export interface StartOutcome {
  /** Fields of the request, by their names in JSON, that had no effect because the camera already ran. */
  ignored: string[]
  /** The address, with credentials, of the camera that this one replaced; null if it replaced none. */
  replaced: string | null
}

/** The result of a start. */
export interface Started extends StartOutcome {
  camera: CameraView
  /** Has the size and rate that the caller requested. */
  topic: string
  pubFps: number
  scaleWidth: number
}

/** MediaMTX sessions that read one camera, without the gateway's own. */
export interface PathReaders {
  webrtc: number
  hls: number
  rtsp: number
}

/** Addresses for browsers and players. Without MediaMTX they are null, and `reason` says why. */
export interface RelayUrls {
  webrtcWhep: string | null
  hls: string | null
  rtsp: string | null
  reason: string | null
}

export type MediaMtxMode = 'managed' | 'external' | 'off'

/** What a log line says besides its message, which does not repeat it. */
export interface LogFields {
  /** The name of the camera that it is about. */
  camera?: string
  /** The error code. */
  code?: string
  /** The state that follows for the camera. */
  state?: CameraState
  /** The program whose message it is. Default: the gateway. */
  source?: 'mediamtx' | 'gstreamer'
}

export interface Logger {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}
