// MediaMTX for the rest of the gateway: managed (a child process), external (started by the operator) or off. Keeps
// the cameras' paths in MediaMTX, reports path errors, and provides addresses.

import { EventEmitter } from 'node:events'
import { FramegateError, messageOf, type SourceError } from '../errors.js'
import { remedy } from '../remedies.js'
import { within } from '../time-limit.js'
import type { Logger, MediaMtxMode, PathReaders, RelayUrls } from '../types.js'
import { publicUrls, readUrl, withAccess, type PublicAddresses } from './addresses.js'
import { AuthHook, type PathReader } from './auth-hook.js'
import { findBinary } from './binary.js'
import { Connection } from './connection.js'
import { ControlApi } from './control-api.js'
import { managedMediaMtx, type ManagedSettings } from './managed.js'
import { ReaderFronts, type PageRule } from './reader-front.js'
import type { Sidecar } from './sidecar.js'

/** As in the configuration. */
export interface RelaySettings extends ManagedSettings, PublicAddresses {
  mediamtx: MediaMtxMode
  /** The managed program; undefined: search for it. */
  mediamtxBin?: string | undefined
}

export interface RelayOptions {
  /** mediamtx.yaml. */
  configFile: string
  env: NodeJS.ProcessEnv
  logger: Logger
  /** Whether a managed MediaMTX may serve this client; by default it serves only the gateway. */
  allowsReader?: (reader: PathReader) => boolean
  /** Whether a managed MediaMTX may serve the web page behind a request; by default every page. */
  allowsPage?: PageRule
  /** Time between health checks of a MediaMTX that is ready, default 2000 ms. */
  healthEveryMs?: number
}

interface RelayEvents {
  /** MediaMTX could not pull this path, or lost it. */
  'path-error': [name: string, error: SourceError]
}

const DEFAULT_API = 'http://127.0.0.1:9997'
// Generous: a small box that boots, with a slow disk and all else starting, may take that long.
const START_LIMIT_MS = 45000
const HEALTH_EVERY_MS = 2000
const HEALTH_LIMIT_MS = 3000
const ON_DEMAND = { sourceOnDemand: true, sourceOnDemandStartTimeout: '10s', sourceOnDemandCloseAfter: '5s' }
const NO_READERS: PathReaders = { webrtc: 0, hls: 0, rtsp: 0 }

export class MediaRelay extends EventEmitter<RelayEvents> {
  /** Why this run has no MediaMTX; null if it has one. */
  #off: string | null
  #sidecar: Sidecar | null = null
  #hook: AuthHook | null = null
  readonly #fronts: ReaderFronts
  readonly #connection: Connection
  readonly #closing = new AbortController()
  #starting: Promise<void> = Promise.resolve()
  #readers = new Map<string, PathReaders>()
  /** The paths that MediaMTX must have. It keeps them in memory only. */
  readonly #paths = new Map<string, Record<string, unknown>>()

  constructor(
    readonly settings: RelaySettings,
    readonly options: RelayOptions,
  ) {
    super()
    this.setMaxListeners(0) // One for each camera's session.
    this.#fronts = new ReaderFronts(options.allowsPage ?? (() => true))
    this.#off = settings.mediamtx === 'off' ? 'MEDIAMTX is off' : null
    const { healthEveryMs = HEALTH_EVERY_MS, logger } = options
    this.#connection = new Connection((api) => this.#check(api), healthEveryMs, logger)
    this.#connection.on('ready', () => logger.info(`MediaMTX ${this.version} is ready (${this.mode})`))
  }

  get mode(): MediaMtxMode {
    return this.enabled ? this.settings.mediamtx : 'off'
  }
  get enabled(): boolean {
    return this.#off === null
  }
  /** The gateway started this MediaMTX, and reads its log. */
  get managed(): boolean {
    return this.#sidecar !== null
  }
  get ready(): boolean {
    return this.#connection.api !== null
  }
  /** Starts of the managed MediaMTX after the first. */
  get restarts(): number {
    return this.#sidecar?.restarts ?? 0
  }
  get version(): string | null {
    return this.#connection.version
  }
  /** Why MediaMTX is unavailable; null if it is available. */
  get problem(): string | null {
    return this.#off ?? this.#connection.problem
  }

  /** MediaMTX sessions at the last health check, without the gateway's own. */
  readers(name: string): PathReaders {
    const readers = (this.ready ? this.#readers.get(name) : undefined) ?? NO_READERS
    const own = this.#paths.get(name)?.sourceOnDemand === true ? 1 : 0
    return { ...readers, rtsp: Math.max(0, readers.rtsp - own) }
  }

  readUrl(name: string): string {
    const url = readUrl(name, this.#connection.addresses, this.settings.mediamtxRtsp)
    return this.#hook ? withAccess(url, this.#hook.own) : url
  }

  /** @param requestHost the host by which the client reached the gateway. */
  urls(name: string, requestHost: string): RelayUrls {
    if (!this.enabled) return { webrtcWhep: null, hls: null, rtsp: null, reason: this.#off }
    const addresses = this.#fronts.outside(this.#connection.addresses)
    return { ...publicUrls(name, addresses, this.settings, requestHost), reason: this.problem }
  }

  /** Resolves when MediaMTX is ready, off or known to be unavailable. @throws ConfigError, BindError, FramegateError */
  async start(): Promise<void> {
    if (this.#closing.signal.aborted) throw new FramegateError('ERR_CLOSED', 'the gateway is shutting down')
    if (this.mode === 'managed') this.#starting = this.#startManaged()
    else if (this.mode === 'external') this.#starting = this.#startExternal()
    await this.#starting
  }

  async close(): Promise<void> {
    this.#closing.abort('the gateway is shutting down')
    this.#connection.close()
    await this.#starting.catch(() => undefined) // Until it has started all that is to be ended.
    await this.#sidecar?.stop()
    this.#hook?.close()
    this.#fronts.close()
  }

  /** @throws SourceError */
  async untilReady(signal: AbortSignal): Promise<void> {
    await this.#connection.whenReady(signal)
  }

  /** Makes MediaMTX connect to the camera, again if it already has. @throws SourceError */
  async addPath(
    name: string,
    source: string,
    options: { cameraTime: boolean; transport: 'tcp' | 'udp'; tlsFingerprint: string | null; gatewayReads: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const api = await this.#connection.whenReady(signal)
    const path = {
      source,
      rtspTransport: options.transport,
      ...(options.tlsFingerprint === null ? {} : { sourceFingerprint: options.tlsFingerprint }),
      // If the gateway reads the path, its DESCRIBE waits until the camera is connected (0.2 s; 4.7 s after a closed
      // connection). Otherwise MediaMTX connects at once.
      ...(options.gatewayReads ? ON_DEMAND : { sourceOnDemand: false }),
      // This makes MediaMTX drop every packet before the camera's first RTCP report (measured: live after 3 s
      // instead of 0.1 s, and never with a camera that sends none), so set it only if the camera's clock is requested.
      useAbsoluteTimestamp: options.cameraTime,
    }
    await api.replacePath(name, path, signal)
    this.#paths.set(name, path)
    if (options.gatewayReads) await api.untilPathExists(name, signal)
  }

  async removePath(name: string): Promise<void> {
    this.#paths.delete(name)
    try {
      await this.#connection.api?.deletePath(name)
    } catch (error) {
      this.options.logger.debug(`MediaMTX did not remove its path: ${messageOf(error)}`, { camera: name })
    }
  }

  async #startManaged(): Promise<void> {
    const { configFile, env, logger, allowsReader = () => false } = this.options
    const connection = this.#connection
    const binary = await findBinary(this.settings.mediamtxBin, env)
    if (typeof binary === 'string') {
      this.#off = `MediaMTX is not installed (${binary}); ${remedy('MediaMTX')}`
      logger.warn(`${this.#off}. The gateway pulls cameras directly; WHEP and HLS are off.`)
      return
    }
    const authHook = new AuthHook(allowsReader)
    this.#hook = authHook
    const hook = { address: await authHook.listen(), own: authHook.own }
    const fronts = this.#fronts
    const options = { binary: binary.path, configFile, env, logger, hook, fronts }
    const { api, sidecar, startError } = await managedMediaMtx(this.settings, options)
    this.#sidecar = sidecar
    sidecar.on('path-error', (name, error) => this.emit('path-error', name, error))
    const died = new AbortController()
    sidecar.once('died', (why) => died.abort(why))
    sidecar.start()
    const ended = AbortSignal.any([died.signal, this.#closing.signal])
    await within(START_LIMIT_MS, ended, (over) => connection.connect(api, over))
    if (!this.ready || died.signal.aborted) {
      await sidecar.stop()
      throw startError(died.signal.aborted ? String(died.signal.reason) : (this.problem ?? 'no response'))
    }
    sidecar.on('died', (why) => {
      connection.lost(`MediaMTX stopped: ${why}`)
      logger.error(`${this.problem}; restarting it`)
    })
    sidecar.on('started', () => void connection.connect(api))
    connection.on('hung', () => sidecar.kill()) // The sidecar restarts it.
  }

  async #startExternal(): Promise<void> {
    const connection = this.#connection
    const api = new ControlApi(this.settings.mediamtxApi ?? DEFAULT_API)
    connection.on('hung', () => void connection.connect(api))
    try {
      await connection.learn(api)
    } catch (error) {
      if (error instanceof FramegateError && error.code === 'ERR_MEDIAMTX_OLD') throw error
      this.options.logger.warn(`${messageOf(error)}; retrying (check MEDIAMTX_API)`)
      void connection.connect(api)
    }
  }

  /** Counts readers, and adds paths that MediaMTX has lost. */
  async #check(api: ControlApi): Promise<void> {
    const expected = new Map(this.#paths)
    const there = new Set(await api.pathNames(HEALTH_LIMIT_MS))
    this.#readers = await api.readers(HEALTH_LIMIT_MS)
    for (const [name, path] of expected) {
      // A path that was added or removed during this check is not lost.
      if (there.has(name) || this.#paths.get(name) !== path) continue
      this.options.logger.warn('MediaMTX lost its path; adding it again', { camera: name })
      await api.replacePath(name, path)
    }
  }
}
