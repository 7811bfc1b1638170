// Plain shapes that several parts share.

import type { ErrorCode } from './error-codes.js'

export type { CameraSettings, RtspTransport } from './camera-settings.js'

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
  code: ErrorCode
  /** For people; never holds credentials. */
  message: string
  /** Milliseconds since 1970. */
  sinceMs: number
}

export type MediaMtxMode = 'managed' | 'external' | 'off'

export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
  debug(message: string): void
}
