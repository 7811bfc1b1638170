// MediaMTX as the gateway sees it: managed (a child process), external (somebody
// else's) or off. Gives addresses out, puts camera paths in.

import { randomBytes } from 'node:crypto'
import { BindError, FramegateError, messageOf, SourceError } from '../errors.js'
import { inUse } from '../port-holder.js'
import type { Logger, MediaMtxMode } from '../types.js'
import { findBinary, isOlder, LEAST_VERSION } from './binary.js'
import { ControlApi, type MediaMtxAddresses, type PathReaders } from './control-api.js'
import { Sidecar } from './sidecar.js'

export interface RelayOptions {
  mode: MediaMtxMode
  /** MEDIAMTX_BIN; undefined: look for it. */
  binary: string | undefined
  /** MEDIAMTX_API, http://[user:password@]HOST:PORT; undefined: MediaMTX's default. */
  api: string | undefined
  /** MEDIAMTX_RTSP, rtsp://HOST:PORT; undefined: what MediaMTX says. */
  rtsp: string | undefined
  /** MEDIAMTX_PUBLIC_HOST; undefined: the host that the caller used. */
  publicHost: string | undefined
  /** MEDIAMTX_PUBLIC_WEBRTC, MEDIAMTX_PUBLIC_HLS: base addresses at a reverse proxy; undefined: MediaMTX's own ports. */
  publicWebrtc: string | undefined
  publicHls: string | undefined
  configFile: string
  env: NodeJS.ProcessEnv
  logger: Logger
}

/** What browsers and players are given; null with the reason where there is none. */
export interface RelayUrls {
  webrtcWhep: string | null
  hls: string | null
  rtsp: string | null
  reason: string | null
}

export interface PathOptions {
  cameraTime: boolean
  transport: 'tcp' | 'udp'
}

const READY_LIMIT_MS = 15000
const WAIT_FOR_READY_MS = 5000
const POLL_MS = 50
// How often a MediaMTX that is ready is asked how it is, how long it may take to answer,
// and how often in a row it may not before it counts as hung.
const HEALTH_EVERY_MS = 2000
const HEALTH_LIMIT_MS = 3000
const HEALTH_FAILURES = 3

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1)
}

/** `:9997` and `0.0.0.0:9997` are reached at 127.0.0.1. */
function reachable(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  const literal = host === '' || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `${literal.includes(':') ? `[${literal}]` : literal}:${portOf(address)}`
}

export class MediaRelay {
  #mode: MediaMtxMode
  #offReason = 'MEDIAMTX is off'
  #sidecar: Sidecar | null = null
  #api: ControlApi | null = null
  #addresses: MediaMtxAddresses | null = null
  #version: string | null = null
  #ready = false
  #problem: string | null = null
  #readyWaiters: (() => void)[] = []
  #closed = false
  #healthTimer: NodeJS.Timeout | null = null
  #healthFailures = 0
  #readers = new Map<string, PathReaders>()
  /** What must be in MediaMTX: it keeps paths in memory alone. */
  readonly #paths = new Map<string, Record<string, unknown>>()

  constructor(readonly options: RelayOptions) {
    this.#mode = options.mode
  }

  /** Resolves when it can be used. @throws ConfigError, BindError, FramegateError */
  async start(): Promise<void> {
    if (this.#mode === 'managed') await this.#startManaged()
    else if (this.#mode === 'external') await this.#startExternal()
  }

  get mode(): MediaMtxMode {
    return this.#mode
  }
  get enabled(): boolean {
    return this.#mode !== 'off'
  }
  get ready(): boolean {
    return this.#ready
  }
  get version(): string | null {
    return this.#version
  }
  get pid(): number | undefined {
    return this.#sidecar?.pid
  }
  /** Why it cannot be used now; null: it can. */
  get problem(): string | null {
    return this.#mode === 'off' ? this.#offReason : this.#problem
  }

  lastComplaint(name: string): string | null {
    return this.#sidecar?.complaints.get(name) ?? null
  }

  /** Sessions at MediaMTX, the gateway's own among them, as of its last health check. */
  readers(name: string): PathReaders {
    return (this.#ready ? this.#readers.get(name) : undefined) ?? { webrtc: 0, hls: 0, rtsp: 0 }
  }

  readUrl(name: string): string {
    const base = this.options.rtsp ?? `rtsp://${reachable(this.#addresses?.rtspAddress ?? ':8554')}`
    return `${base.replace(/\/$/, '')}/${name}`
  }

  /** @param requestHost the host name by which the caller reached the gateway. */
  urls(name: string, requestHost: string): RelayUrls {
    if (this.#mode === 'off') return { webrtcWhep: null, hls: null, rtsp: null, reason: this.#offReason }
    const host = this.options.publicHost ?? requestHost
    const at = this.#addresses
    const base = (proxy: string | undefined, encrypted: boolean | undefined, address: string) =>
      proxy?.replace(/\/+$/, '') ?? `${encrypted ? 'https' : 'http'}://${host}:${portOf(address)}`
    return {
      webrtcWhep:
        at?.webrtc === false
          ? null
          : `${base(this.options.publicWebrtc, at?.webrtcEncryption, at?.webrtcAddress ?? ':8889')}/${name}/whep`,
      hls:
        at?.hls === false
          ? null
          : `${base(this.options.publicHls, at?.hlsEncryption, at?.hlsAddress ?? ':8888')}/${name}/index.m3u8`,
      rtsp: `rtsp://${host}:${portOf(at?.rtspAddress ?? ':8554')}/${name}`,
      reason: this.#problem,
    }
  }

  /** Makes MediaMTX dial the camera anew. @throws SourceError */
  async addPath(
    name: string,
    source: string,
    { cameraTime, transport }: PathOptions,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#whenReady(signal)
    this.#sidecar?.complaints.delete(name)
    const path = {
      source,
      rtspTransport: transport,
      // The gateway's own DESCRIBE waits until the camera is there (reference: 0.2 s
      // against 4.7 s after a closed connection).
      sourceOnDemand: true,
      sourceOnDemandStartTimeout: '10s',
      sourceOnDemandCloseAfter: '5s',
      // With this MediaMTX drops every packet before the camera's first RTCP report
      // (measured: live after 3 s in place of 0.1 s, and never with a camera that
      // sends none), so only where somebody asks for the camera's clock.
      useAbsoluteTimestamp: cameraTime,
    }
    await this.#api!.replacePath(name, path, signal)
    this.#paths.set(name, path)
  }

  async removePath(name: string): Promise<void> {
    this.#paths.delete(name)
    if (!this.#ready || this.#closed) return
    try {
      await this.#api!.deletePath(name)
    } catch (error) {
      this.options.logger.debug(`MediaMTX: path ${name} was not removed: ${messageOf(error)}`)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#ready = false
    if (this.#healthTimer) clearTimeout(this.#healthTimer)
    await this.#sidecar?.stop()
  }

  /** Asks MediaMTX again and again how it is, and puts back the paths that it lost. */
  #watchHealth(): void {
    if (this.#healthTimer) clearTimeout(this.#healthTimer)
    if (this.#closed) return
    this.#healthTimer = setTimeout(() => {
      void this.#checkHealth().finally(() => {
        if (this.#ready) this.#watchHealth()
      })
    }, HEALTH_EVERY_MS)
  }

  async #checkHealth(): Promise<void> {
    if (!this.#ready) return
    try {
      const expected = new Map(this.#paths)
      const there = new Set(await this.#api!.pathNames(HEALTH_LIMIT_MS))
      this.#readers = await this.#api!.readers(HEALTH_LIMIT_MS)
      this.#healthFailures = 0
      for (const [name, path] of expected) {
        // One that was put in or taken out meanwhile is not lost.
        if (there.has(name) || this.#paths.get(name) !== path) continue
        this.options.logger.warn(`MediaMTX has lost the path of camera ${name}; putting it back`)
        await this.#api!.replacePath(name, path)
      }
    } catch (error) {
      if (!this.#ready || this.#closed || ++this.#healthFailures < HEALTH_FAILURES) return
      this.#healthFailures = 0
      this.#ready = false
      this.#problem = messageOf(error)
      this.options.logger.error(`MediaMTX does not answer any more (${messageOf(error)})`)
      if (this.#sidecar)
        this.#sidecar.kill() // It is started again, and then becomes ready.
      else void this.#becomeReady(() => this.#closed, Infinity)
    }
  }

  async #startManaged(): Promise<void> {
    const { env, logger } = this.options
    const binary = await findBinary(this.options.binary, env)
    if (typeof binary === 'string') {
      this.#mode = 'off'
      this.#offReason = `MediaMTX is not there (${binary}); "npm run setup" gets it`
      logger.warn(`${this.#offReason}. Going on without: cameras are pulled directly, WHEP and HLS are off.`)
      return
    }
    // The API shows camera passwords, so only the gateway may use it: the password
    // exists for this run alone, in the environment of the child.
    const apiPassword = randomBytes(18).toString('base64url')
    const apiAddress = env.MTX_APIADDRESS ?? (this.options.api ? new URL(this.options.api).host : '127.0.0.1:9997')
    const childEnv: NodeJS.ProcessEnv = {
      ...env,
      MTX_API: 'yes',
      MTX_APIADDRESS: apiAddress,
      MTX_LOGSTRUCTURED: 'yes',
      MTX_LOGDESTINATIONS: 'stdout',
      MTX_AUTHINTERNALUSERS_1_USER: 'framegate',
      MTX_AUTHINTERNALUSERS_1_PASS: apiPassword,
    }
    if (this.options.rtsp && !env.MTX_RTSPADDRESS)
      childEnv.MTX_RTSPADDRESS = `:${new URL(this.options.rtsp).port || '8554'}`
    this.#api = new ControlApi(`http://framegate:${apiPassword}@${reachable(apiAddress)}`)
    const sidecar = new Sidecar({ binary: binary.path, configFile: this.options.configFile, env: childEnv, logger })
    this.#sidecar = sidecar
    let startFailure: string | null = null
    let everReady = false
    sidecar.on('died', (why) => {
      this.#ready = false
      this.#problem = `MediaMTX ended: ${why}`
      if (!everReady) startFailure ??= why
      else logger.error(`${this.#problem}; starting it again`)
    })
    sidecar.on('started', () => {
      if (everReady) void this.#becomeReady(() => this.#closed || !sidecar.running, Infinity)
    })
    sidecar.start()
    await this.#becomeReady(() => startFailure !== null)
    if (!this.#ready) {
      await sidecar.stop()
      throw startError(
        childEnv,
        startFailure ?? `its API at ${reachable(apiAddress)} did not answer within ${READY_LIMIT_MS / 1000} s`,
      )
    }
    everReady = true
  }

  async #startExternal(): Promise<void> {
    const address = this.options.api ?? 'http://127.0.0.1:9997'
    this.#api = new ControlApi(address)
    this.#problem = 'MediaMTX has not answered yet'
    try {
      await this.#learn()
    } catch (error) {
      if (error instanceof FramegateError && error.code === 'ERR_MEDIAMTX_OLD') throw error
      this.#problem = messageOf(error)
      this.options.logger.warn(`${messageOf(error)}; trying on (MEDIAMTX_API says where it is)`)
      void this.#becomeReady(() => this.#closed, Infinity)
    }
  }

  /** Asks until the API answers, or until it is hopeless. Never throws. */
  async #becomeReady(hopeless: () => boolean, limitMs = READY_LIMIT_MS): Promise<void> {
    const deadline = performance.now() + limitMs
    for (let waitMs = POLL_MS; !hopeless() && performance.now() < deadline; waitMs = Math.min(1000, waitMs * 1.5)) {
      try {
        await this.#learn()
        return
      } catch (error) {
        this.#problem = messageOf(error)
        await pause(waitMs)
      }
    }
  }

  async #learn(): Promise<void> {
    const { version } = await this.#api!.info()
    const plain = /\d+\.\d+\.\d+/.exec(version)?.[0]
    if (plain && isOlder(plain, LEAST_VERSION)) {
      throw new FramegateError('ERR_MEDIAMTX_OLD', `MediaMTX is ${plain}; ${LEAST_VERSION} or newer is needed`)
    }
    this.#addresses = await this.#api!.addresses()
    this.#version = version
    this.#ready = true
    this.#problem = null
    this.#watchHealth()
    this.options.logger.info(`MediaMTX ${version} is ready (${this.#mode})`)
    for (const waiter of this.#readyWaiters.splice(0)) waiter()
  }

  async #whenReady(signal: AbortSignal): Promise<void> {
    if (this.#ready) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, WAIT_FOR_READY_MS)
      signal.addEventListener('abort', done)
      this.#readyWaiters.push(done)
    })
    if (!this.#ready)
      throw new SourceError('ERR_MEDIAMTX_DOWN', `MediaMTX cannot be used: ${this.#problem ?? 'it is not ready'}`)
  }
}

/** MediaMTX says which address is in use; people want to know which setting moves it. */
function startError(env: NodeJS.ProcessEnv, why: string): Error {
  const listen = /listen (tcp|udp)\d? \S*?:(\d+): bind: address already in use/.exec(why)
  if (!listen) return new FramegateError('ERR_MEDIAMTX_START', `MediaMTX did not start: ${why}`)
  const port = listen[2]!
  const defaults: Record<string, string> = {
    MTX_RTSPADDRESS: ':8554',
    MTX_HLSADDRESS: ':8888',
    MTX_WEBRTCADDRESS: ':8889',
    MTX_WEBRTCLOCALUDPADDRESS: ':8189',
    MTX_APIADDRESS: ':9997',
    MTX_RTPADDRESS: ':8000',
    MTX_RTCPADDRESS: ':8001',
    MTX_WEBRTCLOCALTCPADDRESS: '',
  }
  const setting =
    Object.keys(defaults).find((name) => portOf(env[name] ?? defaults[name]!) === port) ??
    'the MTX_...ADDRESS variable of it'
  return new BindError(
    `MediaMTX cannot use port ${port} (${listen[1]}): ${inUse(Number(port), listen[1] as 'tcp' | 'udp')}; set ${setting} to another address, or MEDIAMTX=external where that is a MediaMTX to be used`,
  )
}
