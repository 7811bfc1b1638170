// What the HTTP API needs of the rest of the gateway; app.ts supplies it.

import type { StartRequest } from '../camera-settings.js'
import type { TcpQueue } from '../native.js'
import type { CameraView, Frame, Logger, MediaMtxMode, PathReaders, RelayUrls, Started } from '../types.js'

export interface HttpDeps {
  cameras: {
    list(): CameraView[]
    get(name: string): CameraView | undefined
    start(request: StartRequest): Promise<Started>
    stop(name: string): Promise<boolean>
  }
  frames: {
    newest(topic: string): Frame | undefined
    read(topic: string, listener: (frame: Frame) => void): () => void
    readers(topic: string): number
  }
  relay: {
    readonly mode: MediaMtxMode
    readonly ready: boolean
    readonly version: string | null
    readonly problem: string | null
    readers(name: string): PathReaders
    urls(name: string, requestHost: string): RelayUrls
  }
  /** Why the list of cameras is not on disk as it is; null: it is. */
  stateFileProblem(): string | null
  /** The endpoint that subscribers connect to, for a caller who used this host name. */
  zmqEndpoint(requestHost: string): string
  /** Of a socket: bytes that have not arrived, bytes that its peer takes now; -1: not known. */
  tcpQueue: (fd: number) => TcpQueue
  version: string
  /** Holds the built page. */
  pageFolder: string
  logger: Logger
}
