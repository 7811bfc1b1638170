// Plain shapes that several parts share.

import type { CameraSettings } from './camera-settings.js'
import type { CameraErrorCode } from './error-codes.js'
import type { PipelineStats } from './native.js'

/** One published picture. Times are microseconds since 1970, by the gateway's clock. */
export interface Frame {
  /** ZeroMQ topic: the camera's name, or a rendition of it (`name@320w5fps`). */
  topic: string
  camera: string
  /** From 0, +1 for each frame published on this topic since the camera was started. */
  seq: number
  /** FF D8 ... FF D9, `width` x `height` pixels. */
  jpegBytes: Buffer
  width: number
  height: number
  sourceWidth: number
  sourceHeight: number
  receivedAtUs: number
  /** The same by performance.now(): ages are told by it, whatever happens to the clock. */
  receivedAtMs: number
  publishedAtUs: number
  /** The camera's own clock; null while it does not tell. */
  capturedAtUs: number | null
}

export type CameraState = 'connecting' | 'live' | 'stalled' | 'retrying' | 'stopped'

export interface CameraError {
  code: CameraErrorCode
  /** For people; never holds credentials. */
  message: string
  /** Milliseconds since 1970. */
  sinceMs: number
}

/** null: not known yet. */
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
  readonly state: CameraState
  readonly lastError: CameraError | null
  readonly stream: { codec: string; audio: boolean } | null
  /** How its packets come, in this session. */
  readonly transport: 'tcp' | 'udp'
  /** Sessions after the first. */
  readonly reconnects: number
  /** Milliseconds since 1970. */
  readonly startedAtMs: number
  readonly renditionTopics: string[]
  /** Frames of all its topics that readers were given in this session. */
  readonly framesPublished: number
  videoFormat(): VideoFormat
  stats(): PipelineStats
  on(event: 'state', listener: (state: CameraState) => void): unknown
  off(event: 'state', listener: (state: CameraState) => void): unknown
}

/** The answer to a start. */
export interface Started {
  camera: CameraView
  /** Carries the size and rate asked for. */
  topic: string
  pubFps: number
  scaleWidth: number
}

/** Sessions at MediaMTX that read one camera, the gateway's own left out. */
export interface PathReaders {
  webrtc: number
  hls: number
  rtsp: number
}

/** What browsers and players are given; null without MediaMTX, and the reason says why. */
export interface RelayUrls {
  webrtcWhep: string | null
  hls: string | null
  rtsp: string | null
  reason: string | null
}

export type MediaMtxMode = 'managed' | 'external' | 'off'

export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
  debug(message: string): void
}
