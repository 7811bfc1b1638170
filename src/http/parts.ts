// What the HTTP API needs of the rest of the gateway; app.ts supplies it.

import type { CameraSettings, StartRequest } from '../camera-settings.js'
import type { CameraError, CameraState, Frame, Logger } from '../types.js'

export interface CameraView {
  readonly name: string
  readonly state: CameraState
  readonly lastError: CameraError | null
  readonly stream: { codec: string; audio: boolean } | null
  readonly reconnects: number
  readonly startedAtMs: number
  readonly renditionTopics: string[]
  readonly settings: CameraSettings
  readonly transport: 'tcp' | 'udp'
  /** Frames that readers were given in this session. */
  readonly framesPublished: number
  on(event: 'state', listener: (state: CameraState) => void): unknown
  off(event: 'state', listener: (state: CameraState) => void): unknown
  videoFormat(): { width: number | null; height: number | null; gopLength: number | null; bFrames: boolean | null }
  stats(): {
    fps: number
    ageMs: number | null
    decoding: boolean
    gateDropped: number
    late: number
    overwritten: number
  }
}

export interface HttpParts {
  cameras: {
    list(): CameraView[]
    get(name: string): CameraView | undefined
    start(body: StartRequest): Promise<{ camera: CameraView; topic: string; pubFps: number; scaleWidth: number }>
    stop(name: string): Promise<boolean>
  }
  frames: {
    newest(topic: string): Frame | undefined
    read(topic: string, listener: (frame: Frame) => void): () => void
    readers(topic: string): number
  }
  relay: {
    readonly mode: string
    readonly ready: boolean
    readonly version: string | null
    readonly problem: string | null
    readers(name: string): { webrtc: number; hls: number; rtsp: number }
    urls(
      name: string,
      requestHost: string,
    ): { webrtcWhep: string | null; hls: string | null; rtsp: string | null; reason: string | null }
  }
  /** Why the list of cameras is not on disk as it is; null: it is. */
  stateFileProblem(): string | null
  /** The endpoint that subscribers connect to, for a caller who used this host name. */
  zmqEndpoint(requestHost: string): string
  /** Of a socket: bytes that have not arrived, bytes that its peer takes now; -1: not known. */
  tcpQueue: (fd: number) => { unacknowledged: number; window: number }
  version: string
  /** Holds the built page. */
  pageFolder: string
  logger: Logger
}
