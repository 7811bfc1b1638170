// What the HTTP API needs from the rest of the gateway. app.ts provides it.

import type { Auth } from '../auth/auth.js'
import type { StartRequest } from '../camera-settings.js'
import type { TcpQueue } from '../native.js'
import type { CameraView, Frame, Logger, MediaMtxMode, PathReaders, RelayUrls, Started } from '../types.js'
import type { BrowserSettings } from './browser-rules.js'
import type { SettingsAnswer } from './operator-answers.js'
import type { ReaderLimits } from './reader-limits.js'

export interface HttpDeps {
  auth: Auth
  browsers: BrowserSettings & { trustProxy: boolean }
  cameras: {
    list(): CameraView[]
    get(name: string): CameraView | undefined
    /** @param by who asks, for the log. */
    start(request: StartRequest, owner: 'api', by: string): Promise<Started>
    stop(name: string, by: string): Promise<boolean>
  }
  frames: {
    /** The newest frame; undefined once the next one is overdue. */
    current(topic: string): Frame | undefined
    read(topic: string, listener: (frame: Frame) => void): () => void
    readers(topic: string): number
    /** Over all topics of a camera. */
    readersByKind(camera: string): { lane: number; zmq: number; http: number }
  }
  relay: {
    readonly mode: MediaMtxMode
    readonly ready: boolean
    readonly version: string | null
    readonly problem: string | null
    readers(name: string): PathReaders
    urls(name: string, requestHost: string): RelayUrls
  }
  readerLimits: ReaderLimits
  /** Why this gateway cannot serve now; empty: it can. @param details also what needs a token to read. */
  notReady(details: boolean): string[]
  metrics: { readonly contentType: string; text(): Promise<string> }
  /** The settings in effect, without secrets, and the path of framegate.yaml. */
  settings(): Omit<SettingsAnswer, 'ok'>
  /** Why the state file does not hold the current list of cameras; null if it does. */
  stateFileProblem(): string | null
  /** The endpoint for subscribers, for a client that reached the gateway by this host name. */
  zmqEndpoint(requestHost: string): string
  /** Whether only clients with keys may subscribe there. */
  zmqNeedsKeys(endpoint: string): boolean
  /** Where programs on this machine get raw frames of a topic; null: nowhere. */
  lane(topic: string): { socket: string; key: number; topic: string; formats: string[] } | null
  /** Of a socket: bytes not yet acknowledged, and bytes that the peer can take now; -1 if unknown. */
  tcpQueue: (fd: number) => TcpQueue
  version: string
  /** Holds the built page. */
  pageFolder: string
  logger: Logger
}
