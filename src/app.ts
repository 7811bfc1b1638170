// Assembles the gateway, starts its parts in order and ends them in reverse order.

import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Auth } from './auth/auth.js'
import { CameraHosts } from './cameras/camera-hosts.js'
import { CameraRegistry } from './cameras/camera-registry.js'
import { cameraLimit } from './cameras/capacity.js'
import { StartMarks } from './cameras/start-marks.js'
import { Starter } from './cameras/starter.js'
import { StateFile } from './cameras/state-file.js'
import type { Configuration } from './config.js'
import { effectiveSettings } from './config/effective-settings.js'
import type { Config } from './settings.js'
import { endpointFor, inUrl, isLocalEndpoint, ownNames } from './endpoints.js'
import { FramegateError } from './errors.js'
import { FrameHub } from './frames/frame-hub.js'
import { mayWatch } from './http/browser-rules.js'
import { ReaderLimits, MAX_READERS } from './http/reader-limits.js'
import { HttpServer } from './http/server.js'
import { logLibraries } from './log/library-log.js'
import { MediaRelay } from './mediamtx/relay.js'
import { Metrics } from './metrics/metrics.js'
import { loadNative } from './native.js'
import { bootId, connectionLimits, processLimits } from './process-limits.js'
import { CurveKeys } from './publish/curve-keys.js'
import { limitZmqConnections } from './publish/connection-limit.js'
import { FramePublisher } from './publish/frame-publisher.js'
import { LocalLane } from './publish/local-lane.js'
import { Readiness } from './readiness.js'
import { orRunningGateway } from './running-gateway.js'
import { StateLock } from './state-lock.js'
import type { Logger, RelayUrls } from './types.js'

export interface RunningAddresses {
  http: string
  zmq: string[]
  /** Of a camera at MediaMTX. */
  players: (camera: string) => Omit<RelayUrls, 'reason'>
}
const NO_PLAYERS = { webrtcWhep: null, hls: null, rtsp: null }

export class App {
  #addresses: RunningAddresses = { http: '', zmq: [], players: () => NO_PLAYERS }
  /** Ends each part that runs; in the order of their starts. */
  readonly #started: (() => Promise<void>)[] = []
  #registry: CameraRegistry | null = null
  #closing: Promise<void> | null = null
  readonly #readiness = new Readiness()

  constructor(
    readonly configuration: Configuration,
    readonly logger: Logger,
    readonly version: string,
    readonly env: NodeJS.ProcessEnv,
  ) {}

  get config(): Config {
    return this.configuration.config
  }
  get addresses(): RunningAddresses {
    return this.#addresses
  }
  get cameras(): CameraRegistry {
    if (!this.#registry) throw new Error('the gateway has not started')
    return this.#registry
  }

  /** Resolves when everything listens. Before it throws, it ends what it has started. */
  async start(): Promise<void> {
    try {
      await this.#start()
    } catch (error) {
      await this.close()
      throw await orRunningGateway(error, this.config.httpHost, this.config.httpPort)
    }
  }

  /** Applies what can change while the gateway runs. @returns the names of the cameras that were started. */
  async useFile({ config, cameras }: Configuration): Promise<string[]> {
    this.cameras.defaults = cameraDefaults(config)
    return this.cameras.useFile(cameras)
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#readiness.state = 'shutting down'
      for (const end of this.#started.reverse()) await end()
    })()
    return this.#closing
  }

  /** Ends the part with the others; at once if the gateway is already shutting down. */
  async #own(end: () => Promise<void>): Promise<void> {
    if (this.#closing) {
      await end()
      throw new FramegateError('ERR_CLOSED', 'the gateway is shutting down')
    }
    this.#started.push(end)
  }

  async #start(): Promise<void> {
    const { config, logger, version } = this
    const limits = processLimits()
    const lock = new StateLock(config.stateFile, logger)
    await lock.take()
    await this.#own(() => lock.release())
    const native = await loadNative((addon) => logLibraries(addon, logger, config.logLevel === 'debug'))
    native.useOneMallocArena()
    const auth = new Auth(config.authTokensFile, logger)
    await this.#own(async () => auth.close())
    const browsers = { ...config, allowedHosts: [...config.allowedHosts, ...ownNames(config, hostname())] }
    const frames = new FrameHub()

    const { curveServerKey, curveClients } = config
    const curve = curveServerKey && curveClients ? new CurveKeys({ curveServerKey, curveClients }, logger) : null
    if (curve) await this.#own(() => curve.close())
    await curve?.start()
    await this.#own(limitZmqConnections(connectionLimits(limits).zmq, native, logger))
    const lane = new LocalLane(native, config, connectionLimits(limits).lane, frames, logger, this.env)
    await this.#own(async () => lane.close())
    const publisher = new FramePublisher(frames, logger, undefined, curve)
    await this.#own(() => publisher.close())
    const zmq = await publisher.bind(config.zmqBind)

    const relay = new MediaRelay(config, {
      configFile: fileURLToPath(new URL('../../mediamtx.yaml', import.meta.url)),
      env: this.env,
      logger,
      allowsReader: (reader) => auth.allowsReader(reader),
      allowsPage: ({ method = '', headers }) => mayWatch(method, headers, browsers),
    })
    await this.#own(() => relay.close())
    this.#readiness.relay = relay

    const stateFile = new StateFile(config.stateFile, logger)
    const registry = new CameraRegistry(
      {
        native,
        lane: lane.lane,
        relay,
        hosts: new CameraHosts(config.cameraHosts),
        frames,
        logger,
        userAgent: `Framegate/${version}`,
      },
      stateFile,
      cameraDefaults(config),
      new Starter(new StartMarks(`${config.stateFile}.starts`, bootId())),
      cameraLimit(config.maxCameras, limits),
      1000 * config.forgetAfter,
    )
    this.#registry = registry
    frames.pauses = (name) => registry.get(name)?.stats().pauses ?? false
    if (registry.maxCameras < config.maxCameras)
      logger.info(`the limits of this process suffice for ${registry.maxCameras} cameras at once`)

    const readerLimits = new ReaderLimits()
    const metrics = new Metrics({
      version,
      cameras: registry,
      frames,
      relay,
      lane,
      latencyBoundsMs: native.latencyBoundsMs,
      limits: () => ({
        cameras: { used: registry.list().filter(({ state }) => state !== 'stopped').length, max: registry.maxCameras },
        http_connections: { used: http.connections.open, max: http.connections.max },
        http_readers: { used: readerLimits.all, max: MAX_READERS },
        zmq_connections: { used: native.zmqConnections(), max: connectionLimits(limits).zmq },
        lane_readers: { used: lane.readers, max: connectionLimits(limits).lane },
      }),
      refused: () => ({ http: http.connections.refused, zmq: native.refusedZmqConnections() }),
      ready: () => this.#readiness.problems(false).length === 0,
      stateFileProblem: () => stateFile.problem,
    })
    const http: HttpServer = new HttpServer({
      readerLimits,
      metrics,
      notReady: (details) => this.#readiness.problems(details),
      auth,
      browsers,
      cameras: registry,
      frames,
      relay,
      version,
      logger,
      settings: () => ({ file: this.configuration.file, settings: effectiveSettings(this.configuration) }),
      stateFileProblem: () => stateFile.problem,
      zmqEndpoint: (requestHost) => endpointFor(zmq, requestHost),
      zmqNeedsKeys: (endpoint) => curve !== null && !isLocalEndpoint(endpoint),
      lane: (topic) => lane.endpoint(topic),
      tcpQueue: (fd) => native.tcpQueue(fd),
      pageFolder: fileURLToPath(new URL('../page', import.meta.url)),
    })
    // A request saves the list, so the saved one is read before the first can come.
    const restored = await registry.restore(this.configuration.cameras)
    await this.#own(() => http.close())
    await this.#own(() => registry.close())
    // Bound before MediaMTX starts, so that a port in use is reported at once.
    const port = await http.listen(config.httpHost, config.httpPort)
    const host = inUrl(config.httpHost)
    this.#addresses = { http: `http://${host}:${port}`, zmq, players: (camera) => relay.urls(camera, host) }
    await lock.setAddress(this.#addresses.http)

    if (config.insecureNoAuth)
      logger.warn('INSECURE_NO_AUTH is 1: everyone who reaches this gateway may watch, start and stop its cameras')
    await relay.start()
    registry.startAll()
    this.#readiness.state = 'running'
    if (restored > 0) logger.info(`${restored} saved camera${restored === 1 ? '' : 's'} started`)
  }
}

const cameraDefaults = ({ pubFps, scaleWidth, jpegQuality }: Config) => ({ pubFps, scaleWidth, jpegQuality })
