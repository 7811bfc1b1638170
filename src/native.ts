// Loads the native addon and declares its types. No other file does.

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { CameraErrorCode } from './error-codes.js'
import { AddonLoadError, messageOf } from './errors.js'
import type { PipelineCounters } from './pipeline-counters.js'
import { remedy } from './remedies.js'

/** What a pipeline needs to know about its source. C++ checks the values again. */
export interface PipelineOptions {
  /** rtsp:// or rtsps://, without credentials. */
  url: string
  user?: string
  password?: string
  /** MediaMTX delays clients whose name begins with "GStreamer" by 1 s. */
  userAgent: string
  /**
   * Where a MediaMTX that connects to the camera serves it. MediaMTX holds packets back until the first key frame, and its
   * answers and RTCP say nothing about the camera. The session begins with read(). Default: there is no MediaMTX.
   */
  relayUrl?: string
  /** The addon itself connects to the camera. Default false. */
  direct?: boolean
  /**
   * The same, and MediaMTX pulls the camera from frontUrl(): the session takes the packets on their way. Its time limits begin
   * with read(). Default false.
   */
  tap?: boolean
  /** The times in RTCP are the camera's own; otherwise frames have no capture time. Default true. */
  cameraTime?: boolean
  /** With `direct` or `tap`, for rtsps: the only certificate to accept; SHA-256, 64 hexadecimal digits in lower case. */
  tlsFingerprint?: string
  /** Default tcp. */
  transport?: 'tcp' | 'udp'
  /** Reorder window of the jitter buffer, 0 to 60000 ms, default 0. */
  latencyMs?: number
  /** For the connection and for each response, 100 to 60000 ms, default 5000. */
  connectTimeoutMs?: number
  /** From the start to the first packet, default 10000 ms. */
  firstFrameTimeoutMs?: number
  /**
   * An earlier session of this camera began with a key frame: if the next key frame is far off, end this session, since
   * a new one gets a key frame at once. Default false.
   */
  beginsWithKey?: boolean
  /** For readers on this machine; null: none. */
  lane?: Lane | null
}

/** One size, rate and quality to encode frames in. */
export interface Rendition {
  /** The topic; comes back with each frame. */
  id: string
  /** 16 to 7680 pixels; 0 keeps the camera's own. Never scales up. */
  width: number
  /** The maximum, 0.1 to 120. */
  fps: number
  /** 1 to 100. */
  jpegQuality: number
  /** false: only readers of the lane want it, so no JPEG is made. Default true. */
  jpeg?: boolean
}

export interface NativeFrame {
  rendition: string
  /** FF D8 ... FF D9, full-range BT.601 as in JFIF. */
  jpegBytes: Buffer
  width: number
  height: number
  sourceWidth: number
  sourceHeight: number
  /** Microseconds since 1970: when the frame's last packet had arrived. */
  receivedAtUs: number
  /** Microseconds since 1970: when the addon handed the frame to JS. */
  handedOverAtUs: number
  /** Microseconds since 1970 by the camera's clock; null while unknown. */
  capturedAtUs: number | null
}

export interface NativeError {
  code: CameraErrorCode
  message: string
  /** GStreamer's error domain, and the code's nick in it; "" for our own errors. */
  domain: string
  gstCode: string
  element: string
  debug: string
  /** 0 if there was no RTSP response. */
  rtspStatus: number
}

export interface Announced {
  /** Pixels, before cropping. */
  largestPicture: number
  /** What its decoder needs, as the pixels of a stream with one reference picture that needs as much. */
  decoderPixels: number
}

/** What has happened since the last call. */
export interface PipelineNews {
  stream?: { codec: string; audio: boolean }
  /** Whole frames arrive (true), or stopped arriving (false). */
  live?: boolean
  /** The most that the stream has announced in this session. */
  announced?: Announced
  /** Why no frames can be shown, although the session goes on. */
  fault?: NativeError
  /** With live = false: nothing at all arrives, which may be a pause of the camera. */
  quiet?: boolean
  frames: NativeFrame[]
  /** Reported once, after everything of the session has ended. */
  ended?: NativeError
}

export interface PipelineStats {
  fps: number
  /** Time since the newest whole frame arrived; null before the first. */
  ageMs: number | null
  accessUnits: number
  gateDropped: number
  /** JPEGs encoded, including overwritten ones. */
  encoded: number
  /** Raw frames for readers of the lane. */
  lent: number
  late: number
  overwritten: number
  width: number
  height: number
  /** Frames between key frames; 0 while unknown. */
  gopLength: number
  bFrames: boolean
  /** The session's first frame was a whole key frame, and came soon. */
  beganWithKey: boolean
  /** Which pictures are decoded. */
  decoding: 'all' | 'key_frames' | 'no'
  /** How long the session has waited for a key frame; null if it does not. */
  waitingForKeyMs: number | null
  /** CPU time of the session's threads over the last 5 s, in percent of one core; null in the first second. */
  cpuPercent: number | null
  /** Nothing has arrived since the newest whole frame, and no frame is overdue. */
  pauses: boolean
}

/** One session with one camera. Starts at once, or with read(), and ends once. close() works in any state, any number of times. */
export interface Pipeline {
  /** With `tap`: from where MediaMTX is to pull the camera; otherwise "". */
  frontUrl(): string
  /** With `tap` or `relayUrl`: MediaMTX has the path. */
  read(): void
  /** @param mostPixels a stream that announces more `decoderPixels` is not decoded; default: any. */
  setRenditions(renditions: Rendition[], mostPixels?: number): void
  stats(): PipelineStats
  counters(): PipelineCounters
  /** Resolves when all its threads, sockets and callbacks have ended. */
  close(): Promise<void>
}

/** Lends raw frames to readers on this machine (docs/lane-format.md). */
export interface Lane {
  /** How many readers each topic has. */
  readers(): { topic: string; readers: number }[]
  memoryBytes(): number
  /** Frames for which no memory was free. */
  dropped(): number
  /** The topic's newest frame no longer shows the present. */
  forget(topic: string): void
  /** Disconnects the topic's readers, with this text. */
  refuse(topic: string, text: string): void
  /** Disconnects all readers and removes the socket. */
  close(): void
}

export interface TcpQueue {
  unacknowledged: number
  window: number
}

/** What GLib or GStreamer reports. */
export interface LibraryMessage {
  level: 'debug' | 'info' | 'warn'
  /** Its domain or category, a colon, and the message; at most 2000 bytes. */
  text: string
}

export interface LibraryLog {
  /**
   * What GLib and GStreamer would write to standard error goes to takeLibraryLog().
   * @param verbose errors and warnings of GStreamer's debug log too; has no effect after inspect(), or if GST_DEBUG is set.
   * @param onMessages there are some.
   */
  readLibraryLog(verbose: boolean, onMessages: () => void): void
  /** Up to 100 messages since the last call, and how many more there were. */
  takeLibraryLog(): { messages: LibraryMessage[]; lost: number }
}

export interface NativeAddon extends LibraryLog {
  Pipeline: new (options: PipelineOptions, onNews: (news: PipelineNews) => void) => Pipeline
  /**
   * Listens on a new Unix socket with mode 0660; `memoryBytes` for the frames of all cameras. Throws if it cannot.
   * onReaders: a reader has come or left.
   */
  Lane: new (
    options: { socket: string; memoryBytes: number; maxReaders: number; key: number },
    onReaders: () => void,
  ) => Lane
  /** GStreamer's version, and the required elements that this machine lacks. */
  inspect(): Promise<{ gstreamer: string; missing: string[] }>
  /** Makes all threads of the process allocate from one heap, which limits fragmentation. For gateway processes only. */
  useOneMallocArena(): void
  /** What the process cannot have so many more of; null if it can. Tries it: takes 0.3 ms. */
  headroom(descriptors: number, threads: number): 'descriptors' | 'threads' | null
  /**
   * ZeroMQ's connections in this process, of all sockets together; libzmq itself has no limit. Those beyond it are closed
   * at once. Call it after zeromq was imported. @returns false if it has no effect, because libzmq is built differently.
   */
  limitZmqConnections(max: number): boolean
  zmqConnections(): number
  /** How many connections this limit has refused. */
  refusedZmqConnections(): number
  /** Of the latencies in PipelineCounters. */
  latencyBoundsMs: number[]
  /** Of a TCP socket: bytes not yet acknowledged, and bytes that the peer can take now; -1 if unknown. */
  tcpQueue(fd: number): TcpQueue
  /** Sends a datagram to a Unix socket, at `@NAME` for one without a file. @returns whether it could be sent. */
  notify(socket: string, text: string): boolean
}

/**
 * Loads the addon and checks that GStreamer has all required elements.
 * @param onLoad takes the addon before GStreamer starts.
 * @throws AddonLoadError, which names what is missing and how to install it.
 */
export async function loadNative(onLoad?: (addon: NativeAddon) => void): Promise<NativeAddon> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  let addon: NativeAddon
  try {
    const require = createRequire(import.meta.url)
    addon = (require('node-gyp-build') as (folder: string) => NativeAddon)(root)
  } catch (error) {
    const why = messageOf(error).split('\n')[0] ?? ''
    const library = /^lib\S+: cannot open shared object file/.test(why)
    throw new AddonLoadError(
      `the native addon does not load (${why}); in ${root}, ${remedy(library ? 'libraries' : 'addon')}`,
      error,
    )
  }
  onLoad?.(addon)
  const found = await addon.inspect()
  if (found.missing.length > 0) {
    throw new AddonLoadError(`GStreamer ${found.gstreamer} lacks ${found.missing.join(', ')}; ${remedy('elements')}`)
  }
  return addon
}
