// One camera: runs sessions one after the other, and remembers what it learns from them.

import type { CameraSettings } from '../camera-settings.js'
import { SourceError } from '../errors.js'
import type { Lane, NativeAddon, Pipeline, PipelineNews, PipelineStats } from '../native.js'
import type { PipelineCounters } from '../pipeline-counters.js'
import type { CameraOwner, CameraView, Logger, VideoFormat } from '../types.js'
import { Backoff } from './backoff.js'
import { CameraHistory } from './camera-history.js'
import type { CameraHosts } from './camera-hosts.js'
import { parseCameraUrl, type CameraUrl } from './camera-url.js'
import type { Wanted } from './demand.js'
import { Encoding } from './encoding.js'
import { EventLog } from './event-log.js'
import type { FrameSink } from './frame-output.js'
import type { Relay } from './relay-path.js'
import { runSession } from './session.js'
import { NO_STATS } from './stats.js'
import { CameraStatus } from './status.js'
import { Wait } from './wait.js'

export interface CameraDeps {
  native: NativeAddon
  /** null: there are no local readers. */
  lane: Lane | null
  relay: Relay
  hosts: CameraHosts
  frames: FrameSink & Wanted
  logger: Logger
  userAgent: string
}

const LIVE_RESETS_BACKOFF_MS = 10000

export class Camera extends CameraStatus implements CameraView {
  readonly url: CameraUrl
  readonly startedAtMs = Date.now()
  stream: { codec: string; audio: boolean } | null = null
  #running: Promise<void> | null = null
  readonly #pause = new Wait()
  readonly #stop = new AbortController()
  readonly #backoff = new Backoff()

  // Of the current session; null between sessions.
  #pipeline: Pipeline | null = null
  #liveSinceMs: number | null = null

  readonly #history = new CameraHistory()
  readonly #encoding: Encoding

  /** @param everLive whether it has ever been live with these settings, in this run or an earlier one. */
  constructor(
    readonly settings: CameraSettings,
    readonly deps: CameraDeps,
    everLive = false,
    readonly owner: CameraOwner = 'api',
    eventLog = new EventLog(),
  ) {
    super(settings.name, deps.logger, everLive, eventLog)
    this.url = parseCameraUrl(settings.rtsp)
    this.#encoding = new Encoding(settings, deps, () => this.videoFormat().width)
    // Readers never get an old frame of a camera that is away.
    this.on('state', (state) => void (state !== 'live' && this.#encoding.forget()))
  }

  /** Starts the sessions. Call this once the camera is saved. */
  begin(): void {
    if (!this.#stop.signal.aborted) this.#running ??= this.#run()
  }

  /** Sessions after the first. */
  get reconnects(): number {
    return Math.max(0, this.#history.sessions - 1)
  }
  /** How packets arrive from the camera in this session: `tcp` or `udp`. */
  get transport(): 'tcp' | 'udp' {
    const asked = this.settings.rtspTransport
    if (asked !== 'automatic') return asked
    return this.#history.transport
  }
  /** Why the gateway pulls it directly although there is a MediaMTX; null if it does not. */
  get relayProblem(): string | null {
    return this.#history.relayProblem
  }
  get nextAttemptMs(): number | null {
    return this.#pause.leftMs
  }
  get renditionTopics(): string[] {
    return this.#encoding.topics
  }
  get refusedRenditions(): ReadonlyMap<string, string> {
    return this.#encoding.refused
  }
  whyNotEncoded(topic: string): string | null {
    return this.state === 'live' ? this.#encoding.whyNot(topic) : null
  }
  /** Frames published to readers in this session, over all topics. */
  get framesPublished(): number {
    return this.#encoding.published + this.stats().lent
  }
  stats(): PipelineStats {
    return this.#pipeline?.stats() ?? NO_STATS
  }
  totals(): PipelineCounters {
    return this.#history.totals(this.#pipeline?.counters())
  }
  get failures(): ReadonlyMap<string, number> {
    return this.#history.failures
  }
  /** From this session or, before its first frame, from the previous one. */
  videoFormat(): VideoFormat {
    return this.#history.formatIn(this.stats())
  }

  /**
   * Ends a wait between sessions, because a caller asked for the camera again.
   * @param force also after it refused the credentials; otherwise each start brings the account closer to a lock.
   */
  tryNow(force: boolean): void {
    if (force || !this.#refused) this.#pause.end()
  }

  /** Whether its credentials may be wrong: it refused them, or has never delivered with them. */
  get credentialsInDoubt(): boolean {
    return this.#refused || !this.everLive
  }

  get #refused(): boolean {
    return this.lastError?.code === 'ERR_SOURCE_UNAUTHORIZED'
  }

  /** Resolves when the session has ended and MediaMTX no longer has the path. */
  async stop(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      this.#stop.abort()
      this.#encoding.close()
      this.#pause.end()
    }
    await this.#running
    this.setState('stopped')
  }

  async #run(): Promise<void> {
    const stop = this.#stop.signal
    this.setState('connecting')
    for (let first = true, probe = true; !stop.aborted; first = false) {
      const end = await this.#runSession(first, probe)
      if (end.kind === 'stopped') break
      const { error } = end
      const liveMs = this.#liveSinceMs === null ? 0 : performance.now() - this.#liveSinceMs
      if (liveMs > LIVE_RESETS_BACKOFF_MS) this.#backoff.reset()
      const wasLive = this.#liveSinceMs !== null
      this.#liveSinceMs = null
      this.#history.attemptFailed(end, wasLive)
      this.fail(error, 'retrying')
      if (end.kind === 'relay-cannot') {
        this.deps.logger.info('pulled directly, without WHEP and HLS', { camera: this.name })
        continue
      }
      // It may have been busy with the probe: some cameras take a moment to release a connection that was closed.
      probe = error.code !== 'ERR_SOURCE_BUSY' || !probe
      if (stop.aborted) break
      const pauseMs = this.#backoff.nextMs(error.code)
      const minutes = pauseMs / 60_000
      if (minutes > 1) this.deps.logger.info(`next attempt in ${minutes} min`, { camera: this.name })
      await this.#pause.start(pauseMs)
    }
    this.setState('stopped')
    await this.deps.relay.removePath(this.name)
  }

  #runSession(first: boolean, probe: boolean) {
    const { native, lane, relay, hosts, logger, userAgent } = this.deps
    const { name, url, transport } = this
    const { cameraTime, tlsFingerprint } = this.settings
    const options = {
      ...{ native, lane, hosts, logger, userAgent, name, url, transport, first, probe, cameraTime, tlsFingerprint },
      everLive: this.everLive,
      decodingMb: this.#encoding.takesMb,
      relay: relay.enabled && this.relayProblem === null ? relay : null,
      ...this.#history.nextAttempt(),
    }
    const listener = {
      found: (url: CameraUrl) => (this.#history.found = url),
      opened: (pipeline: Pipeline) => {
        this.#history.sessions++
        this.#pipeline = pipeline
        this.#encoding.sessionBegins(pipeline)
      },
      news: (news: PipelineNews) => this.#onNews(news),
      closing: (last: PipelineStats, counters: PipelineCounters, described: boolean) => {
        this.#history.pipelineClosing(last, counters, described)
        this.#pipeline = null
        this.#encoding.sessionEnds()
      },
    }
    return runSession(options, listener, this.#stop.signal)
  }

  #onNews(news: PipelineNews): void {
    if (this.#stop.signal.aborted) return
    if (news.stream) this.stream = news.stream
    if (news.announced) this.#encoding.picturesAre(news.announced)
    if (news.live === true) {
      this.#liveSinceMs ??= performance.now()
      this.everLive = true
      this.#backoff.accepted()
      this.setState('live')
    }
    if (news.live === false && this.state === 'live') {
      const silent = new SourceError('ERR_SOURCE_SILENT', 'no complete frame arrives from the camera')
      if (news.quiet) this.setState('stalled')
      else this.fail(silent, 'stalled')
    }
    if (news.fault) this.fail(new SourceError(news.fault.code, news.fault.message))
    for (const frame of news.frames) this.#encoding.put(frame)
  }
}
