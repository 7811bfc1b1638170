// Loads the addon and declares its types; the only file that does.

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { CameraErrorCode } from './error-codes.js'
import { AddonLoadError, messageOf } from './errors.js'

/** What a pipeline needs to know of its source. Checked again in C++. */
export interface PipelineOptions {
  /** rtsp:// or rtsps://, without credentials. */
  url: string
  user?: string
  password?: string
  /** MediaMTX holds clients back for 1 s whose name begins with "GStreamer". */
  userAgent: string
  /** Default tcp. */
  transport?: 'tcp' | 'udp'
  /** Reorder window of the jitter buffer, 0 to 60000 ms, default 0. */
  latencyMs?: number
  /** For the connection and for each answer, 100 to 60000 ms, default 5000. */
  connectTimeoutMs?: number
  /** From the start to the first packet, default 10000 ms. */
  firstFrameTimeoutMs?: number
  /** A session of this camera began with a key frame: where the next one is far, a new session gets one. Default false. */
  beginsWithKey?: boolean
}

/** One size, rate and quality in which frames are made. */
export interface Rendition {
  /** The topic; comes back with each frame. */
  id: string
  /** 16 to 7680 pixels; 0 keeps the camera's own. Never scales up. */
  width: number
  /** At most; 0.1 to 120. */
  fps: number
  /** 1 to 100. */
  jpegQuality: number
}

export interface NativeFrame {
  rendition: string
  /** FF D8 ... FF D9, full-range BT.601 as JFIF says. */
  jpegBytes: Buffer
  width: number
  height: number
  sourceWidth: number
  sourceHeight: number
  /** Microseconds since 1970: when the frame's last packet had arrived. */
  receivedAtUs: number
  /** Microseconds since 1970: when JS was given it. */
  handedOverAtUs: number
  /** Microseconds since 1970 by the camera's clock; null while unknown. */
  capturedAtUs: number | null
}

export interface NativeError {
  code: CameraErrorCode
  message: string
  /** GStreamer's error domain and the code's nick there; "" where the error is ours. */
  domain: string
  gstCode: string
  element: string
  debug: string
  /** 0 where there was no RTSP answer. */
  rtspStatus: number
}

/** What happened since the last call. */
export interface PipelineNews {
  stream?: { codec: string; audio: boolean }
  /** Whole frames arrive (true), or stopped arriving (false). */
  live?: boolean
  frames: NativeFrame[]
  /** Told once, when nothing of the try is left. */
  ended?: NativeError
}

export interface PipelineStats {
  fps: number
  /** Since the newest whole frame arrived; null before the first. */
  ageMs: number | null
  accessUnits: number
  gateDropped: number
  /** JPEGs made, overwritten ones included. */
  encoded: number
  late: number
  overwritten: number
  width: number
  height: number
  /** Frames between key frames; 0 while unknown. */
  gopLength: number
  bFrames: boolean
  /** The session's first picture was a whole key frame. */
  beganWithKey: boolean
  decoding: boolean
}

/** One try at one camera. Starts at once, ends once; close() in any state, any number of times. */
export interface Pipeline {
  setRenditions(renditions: Rendition[]): void
  stats(): PipelineStats
  /** Resolves when no thread, socket or callback of it is left. */
  close(): Promise<void>
}

export interface TcpQueue {
  unacknowledged: number
  window: number
}

export interface NativeAddon {
  Pipeline: new (options: PipelineOptions, onNews: (news: PipelineNews) => void) => Pipeline
  /** GStreamer's version and the elements that this machine lacks. */
  inspect(): Promise<{ gstreamer: string; missing: string[] }>
  /** For a process whose work is the gateway: all threads allocate from one heap, so that memory does not scatter. */
  useOneMallocArena(): void
  /** Of a TCP socket: bytes that have not arrived, and bytes that the peer takes now; -1 where it cannot be told. */
  tcpQueue(fd: number): TcpQueue
}

/**
 * Loads the addon and checks that GStreamer has what is needed.
 * @throws AddonLoadError that says what was found and what mends it.
 */
export async function loadNative(): Promise<NativeAddon> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  let addon: NativeAddon
  try {
    const require = createRequire(import.meta.url)
    addon = (require('node-gyp-build') as (folder: string) => NativeAddon)(root)
  } catch (error) {
    throw new AddonLoadError(
      `the native addon does not load (${messageOf(error).split('\n')[0]}); "npm run setup" in ${root} builds it and installs GStreamer`,
      error,
    )
  }
  const found = await addon.inspect()
  if (found.missing.length > 0) {
    throw new AddonLoadError(
      `GStreamer ${found.gstreamer} lacks ${found.missing.join(', ')}; "npm run setup" installs them (Debian: gstreamer1.0-plugins-base, -good, -bad, gstreamer1.0-libav)`,
    )
  }
  return addon
}
