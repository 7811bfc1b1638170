// Plain shapes that several parts share.

import type { ErrorCode } from './error-codes.js'

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

/** How a camera's frames are made where nobody asks for something else. */
export interface CameraSettings {
  name: string
  /** With its credentials. Only for the camera's session and the state file. */
  rtsp: string
  /** Frames a second at most, 0.1 to 120. */
  pubFps: number
  /** Pixels; 0 keeps the camera's own width. */
  scaleWidth: number
  /** 1 to 100. */
  jpegQuality: number
  /** Carry the camera's own clock through MediaMTX; costs the start the wait for its first RTCP report. */
  cameraTime: boolean
  rtspTransport: RtspTransport
}

/** How RTP comes from the camera; automatic: over TCP, over UDP where the camera takes no TCP. */
export type RtspTransport = 'automatic' | 'tcp' | 'udp'

export type MediaMtxMode = 'managed' | 'external' | 'off'

export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
  debug(message: string): void
}
