// One camera: tries, one after the other, each a native pipeline of its own; what it
// is doing and why; and the renditions that somebody wants.

import { messageOf, SourceError } from '../errors.js'
import { parseTopic, MAX_RENDITIONS } from '../frames/rendition-topic.js'
import type {
  NativeAddon,
  NativeError,
  NativeFrame,
  Pipeline,
  PipelineNews,
  PipelineStats,
  Rendition,
} from '../native.js'
import type { CameraError, CameraSettings, CameraState, Frame, Logger } from '../types.js'
import { Backoff } from './backoff.js'
import { parseCameraUrl, withCredentials, type CameraUrl } from './camera-url.js'
import { codeOfRtspStatus, probeCamera } from './rtsp-probe.js'

/** What stands between the gateway and the camera: MediaMTX, or nothing. */
export interface Relay {
  /** false: the camera is pulled directly. */
  readonly enabled: boolean
  /** Makes the relay dial the camera anew. @throws SourceError */
  addPath(
    name: string,
    source: string,
    options: { cameraTime: boolean; transport: 'tcp' | 'udp' },
    signal: AbortSignal,
  ): Promise<void>
  /** Never throws. */
  removePath(name: string): Promise<void>
  /** What the gateway itself reads. */
  readUrl(name: string): string
  /** What the relay last said of this path, for the log and last_error; null: nothing. */
  lastComplaint(name: string): string | null
}

/** Where frames go and who wants which. */
export interface FrameSink {
  put(frame: Frame): void
  forget(topic: string): void
  demandedTopics(camera: string): string[]
  onDemand(listener: () => void): () => void
}

/** null: not known yet. */
export interface CameraPicture {
  width: number | null
  height: number | null
  /** Frames from key frame to key frame. */
  gopLength: number | null
  bFrames: boolean | null
}

export interface CameraParts {
  native: NativeAddon
  relay: Relay
  frames: FrameSink
  logger: Logger
  userAgent: string
  /** Only for the bench: the stock elements in place of the fast path. */
  stockElements?: boolean
}

// A camera that is well delivers before this; one that is not is asked for its reason.
const DIAGNOSE_AFTER_MS = 400
const FIRST_PROBE_MS = 4500
// While a camera is away its return must not be missed behind a probe that hangs.
const RETRY_PROBE_MS = 2000
// Who polls snapshots once a second must not start the decoder each time.
const LINGER_MS = 3000
// A try that hangs must not outlast the camera's return; each fourth has the time that a slow camera needs.
const IMPATIENT = { connectTimeoutMs: 2500, firstFrameTimeoutMs: 3000 }
const COMPLAINT_EVERY_MS = 100
// How long a packet that overtook others waits for them. In order, none waits.
const UDP_REORDER_MS = 50
const LIVE_RESETS_BACKOFF_MS = 10000

const NO_STATS: PipelineStats = {
  fps: 0,
  ageMs: null,
  accessUnits: 0,
  gateDropped: 0,
  gateClosings: 0,
  decoded: 0,
  encoded: 0,
  late: 0,
  overwritten: 0,
  receivedBytes: 0,
  ringBytes: 0,
  width: 0,
  height: 0,
  gopLength: 0,
  bFrames: false,
  beganWithKey: false,
  decoding: false,
}

/** What MediaMTX's log says of a camera that it could not pull, as an error of ours. */
function fromComplaint(complaint: string, native: NativeError): SourceError {
  const text = complaint.replace(/^\[RTSP source\] /, '')
  const code = codeOfRtspStatus(Number(/bad status code: (\d{3})/.exec(text)?.[1]))
  const message = `the camera could not be pulled: ${text}`
  if (code) return new SourceError(code, message)
  if (/time(d )?out/i.test(text)) return new SourceError('ERR_SOURCE_TIMEOUT', message)
  if (/connection refused|no route to host|unreachable/.test(text))
    return new SourceError('ERR_SOURCE_UNREACHABLE', message)
  return new SourceError(native.code === 'ERR_CLOSED' ? 'ERR_SOURCE_READ' : native.code, message)
}

export class Camera {
  readonly url: CameraUrl
  readonly startedAtMs = Date.now()
  #state: CameraState = 'connecting'
  #lastError: CameraError | null = null
  #stream: { codec: string; audio: boolean } | null = null
  #pipeline: Pipeline | null = null
  #picture: CameraPicture = { width: null, height: null, gopLength: null, bFrames: null }
  #stop = new AbortController()
  #hurry: (() => void) | null = null
  #everLive = false
  #liveSinceMs = 0
  #tries = 0
  #takesNoTcp = false
  #beginsWithKey = false
  #reconnects = -1
  #renditions: Rendition[] = []
  #lingerTimer: NodeJS.Timeout | null = null
  readonly #nextSeq = new Map<string, number>()
  readonly #frameListenerOff: () => void
  readonly #backoff = new Backoff()
  #running: Promise<void> | null = null

  constructor(
    readonly settings: CameraSettings,
    readonly parts: CameraParts,
  ) {
    this.url = parseCameraUrl(settings.rtsp)
    this.#frameListenerOff = parts.frames.onDemand(() => this.#demandChanged())
    this.#demandChanged()
  }

  /** Starts the tries; whoever made the camera calls it once it is saved. */
  begin(): void {
    if (!this.#stop.signal.aborted) this.#running ??= this.#run()
  }

  get name(): string {
    return this.settings.name
  }
  get state(): CameraState {
    return this.#state
  }
  get lastError(): CameraError | null {
    return this.#lastError
  }
  get stream(): { codec: string; audio: boolean } | null {
    return this.#stream
  }
  /** Sessions after the first. */
  get reconnects(): number {
    return Math.max(0, this.#reconnects)
  }
  /** How its packets come, in this try. */
  get transport(): 'tcp' | 'udp' {
    const asked = this.settings.rtspTransport
    if (asked !== 'automatic') return asked
    return this.#takesNoTcp ? 'udp' : 'tcp'
  }
  get renditionTopics(): string[] {
    return this.#renditions.map((rendition) => rendition.id)
  }
  stats(): PipelineStats {
    return this.#pipeline?.stats() ?? NO_STATS
  }

  /** What its pictures are, by this session or, before its first frame, the one before. */
  picture(): CameraPicture {
    const stats = this.stats()
    if (stats.accessUnits > 0) {
      this.#picture = {
        width: stats.width || this.#picture.width,
        height: stats.height || this.#picture.height,
        gopLength: stats.gopLength || this.#picture.gopLength,
        // Until a GOP or a second has passed, their absence says nothing.
        bFrames: stats.bFrames || (stats.accessUnits > 25 ? false : this.#picture.bFrames),
      }
    }
    return this.#picture
  }

  /** Ends a wait between tries, since somebody asked for the camera again. */
  tryNow(): void {
    this.#hurry?.()
  }

  /** Resolves when nothing of the camera is left, at MediaMTX neither. */
  async stop(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      this.#stop.abort()
      this.#frameListenerOff()
      if (this.#lingerTimer) clearTimeout(this.#lingerTimer)
      this.#hurry?.()
    }
    await this.#running
  }

  async #run(): Promise<void> {
    const stop = this.#stop.signal
    for (let first = true; !stop.aborted; first = false) {
      const error = await this.#tryOnce(first)
      if (stop.aborted) break
      this.#state = this.#everLive || !first ? 'retrying' : 'connecting'
      this.#fail(error)
      if (error.code === 'ERR_SOURCE_TRANSPORT') this.#takesNoTcp = !this.#takesNoTcp
      if (this.#liveSinceMs > 0 && performance.now() - this.#liveSinceMs > LIVE_RESETS_BACKOFF_MS) this.#backoff.reset()
      this.#liveSinceMs = 0
      const delayMs = this.#backoff.nextMs(error.code)
      this.#state = 'retrying'
      await this.#wait(delayMs)
    }
    this.#state = 'stopped'
    for (const topic of this.#nextSeq.keys()) this.parts.frames.forget(topic)
    await this.parts.relay.removePath(this.name)
  }

  /** One session, from asking to its end. Never rejects. */
  async #tryOnce(first: boolean): Promise<SourceError> {
    const stop = this.#stop.signal
    try {
      // Cameras that are away are asked by the gateway, at its pace; MediaMTX, which
      // retries every 5 s, dials only once the camera has answered.
      if (!first) await probeCamera(this.url, RETRY_PROBE_MS, this.parts.userAgent, stop)
      if (this.parts.relay.enabled) {
        await this.parts.relay.addPath(
          this.name,
          withCredentials(this.url),
          { cameraTime: this.settings.cameraTime, transport: this.transport },
          stop,
        )
      }
      if (stop.aborted) return new SourceError('ERR_CLOSED', 'closed')
      return await this.#session(first)
    } catch (error) {
      if (error instanceof SourceError) return error
      this.parts.logger.error(`camera ${this.name}: ${messageOf(error)}`)
      return new SourceError('ERR_INTERNAL', messageOf(error))
    } finally {
      if (this.parts.relay.enabled && !stop.aborted) await this.parts.relay.removePath(this.name)
    }
  }

  async #session(first: boolean): Promise<SourceError> {
    const relayed = this.parts.relay.enabled
    let live = false
    let diagnosis: SourceError | null = null
    let ended: (error: NativeError) => void = () => undefined
    const end = new Promise<NativeError>((resolve) => (ended = resolve))
    const pipeline = new this.parts.native.Pipeline(
      {
        url: relayed ? this.parts.relay.readUrl(this.name) : this.url.key,
        user: relayed ? '' : this.url.user,
        password: relayed ? '' : this.url.password,
        userAgent: this.parts.userAgent,
        // MediaMTX is on this machine, or chosen by who set it up.
        ...(relayed || this.transport === 'tcp' ? {} : { transport: 'udp', latencyMs: UDP_REORDER_MS }),
        beginsWithKey: this.#beginsWithKey,
        stockElements: this.parts.stockElements ?? false,
        ...(this.#tries++ % 4 === 0 ? {} : IMPATIENT),
      },
      (news) => {
        if (news.live) live = true
        this.#onNews(news)
        if (news.ended) ended(news.ended)
      },
    )
    this.#pipeline = pipeline
    this.#reconnects++
    pipeline.setRenditions(this.#renditions)

    const over = new AbortController()
    const onStop = () =>
      ended({ code: 'ERR_CLOSED', message: 'closed', domain: '', gstCode: '', element: '', debug: '', rtspStatus: 0 })
    this.#stop.signal.addEventListener('abort', onStop)
    if (this.#stop.signal.aborted) onStop()
    const diagnoseTimer = setTimeout(() => {
      if (live) return
      void this.#diagnose(first ? FIRST_PROBE_MS : RETRY_PROBE_MS, over.signal).then((found) => {
        // The camera itself says no: waiting for the relay is useless.
        if (live || !found) return
        diagnosis = found
        onStop()
      })
    }, DIAGNOSE_AFTER_MS)

    // MediaMTX would try again by itself after 5 s only; its log says at once that it failed.
    const complaintTimer = setInterval(() => {
      if (!live && relayed && this.parts.relay.lastComplaint(this.name)) onStop()
    }, COMPLAINT_EVERY_MS)

    const nativeError = await end
    clearTimeout(diagnoseTimer)
    clearInterval(complaintTimer)
    over.abort()
    this.#stop.signal.removeEventListener('abort', onStop)
    this.picture() // For the time until the next session.
    this.#beginsWithKey ||= pipeline.stats().beganWithKey
    this.#pipeline = null
    await pipeline.close()
    if (diagnosis) return diagnosis
    if (this.#stop.signal.aborted) return new SourceError('ERR_CLOSED', 'closed')
    if (nativeError.debug) this.parts.logger.debug(`camera ${this.name}: ${nativeError.element}: ${nativeError.debug}`)
    // What ended a session that ran is known; what kept one from starting is asked for.
    const asked =
      live || nativeError.code === 'ERR_SOURCE_NO_VIDEO'
        ? null
        : await this.#diagnose(RETRY_PROBE_MS, this.#stop.signal)
    if (asked) return asked
    const complaint = relayed ? this.parts.relay.lastComplaint(this.name) : null
    return complaint ? fromComplaint(complaint, nativeError) : new SourceError(nativeError.code, nativeError.message)
  }

  /** What the camera itself says is wrong; null: nothing, or no longer wanted. */
  async #diagnose(timeoutMs: number, signal: AbortSignal): Promise<SourceError | null> {
    try {
      await probeCamera(this.url, timeoutMs, this.parts.userAgent, signal)
      return null
    } catch (error) {
      return error instanceof SourceError && error.code !== 'ERR_CLOSED' ? error : null
    }
  }

  #onNews(news: PipelineNews): void {
    if (this.#stop.signal.aborted) return
    if (news.stream) this.#stream = news.stream
    if (news.live !== undefined) this.#setLive(news.live)
    for (const frame of news.frames) this.#publish(frame)
  }

  #setLive(live: boolean): void {
    if (live) {
      if (this.#state !== 'live') this.parts.logger.info(`camera ${this.name}: live`)
      this.#state = 'live'
      this.#everLive = true
      this.#liveSinceMs ||= performance.now()
      this.#lastError = null
    } else if (this.#state === 'live') {
      this.#state = 'stalled'
      this.#fail(new SourceError('ERR_SOURCE_SILENT', 'no whole frame arrives'))
    }
  }

  #fail(error: SourceError): void {
    if (this.#lastError?.code === error.code && this.#lastError.message === error.message) return
    this.#lastError = { code: error.code, message: error.message, sinceMs: Date.now() }
    this.parts.logger.warn(`camera ${this.name}: ${error.message} (${error.code})`)
  }

  #publish(native: NativeFrame): void {
    const seq = this.#nextSeq.get(native.rendition) ?? 0
    this.#nextSeq.set(native.rendition, seq + 1)
    this.parts.frames.put({
      topic: native.rendition,
      camera: this.name,
      seq,
      jpegBytes: native.jpegBytes,
      width: native.width,
      height: native.height,
      sourceWidth: native.sourceWidth,
      sourceHeight: native.sourceHeight,
      receivedAtUs: native.receivedAtUs,
      receivedAtMs: performance.now() - (native.handedOverAtUs - native.receivedAtUs) / 1000,
      publishedAtUs: native.handedOverAtUs,
      // Without it the time that comes through MediaMTX is MediaMTX's own.
      capturedAtUs: this.settings.cameraTime || !this.parts.relay.enabled ? native.capturedAtUs : null,
    })
  }

  #demandChanged(): void {
    const wanted = this.parts.frames.demandedTopics(this.name)
    const kept = this.#renditions.filter((rendition) => !wanted.includes(rendition.id))
    // More is made at once; less only after a while, should it be wanted again.
    this.#apply([...wanted, ...kept.map((rendition) => rendition.id)])
    if (kept.length === 0 || this.#lingerTimer) return
    this.#lingerTimer = setTimeout(() => {
      this.#lingerTimer = null
      this.#apply(this.parts.frames.demandedTopics(this.name))
    }, LINGER_MS)
  }

  #apply(topics: string[]): void {
    const renditions: Rendition[] = []
    for (const topic of topics) {
      const size = parseTopic(topic)?.size
      if (renditions.length === MAX_RENDITIONS) {
        this.parts.logger.warn(
          `camera ${this.name}: rendition ${topic} is not made, ${MAX_RENDITIONS} are made already`,
        )
        break
      }
      const { scaleWidth, pubFps, jpegQuality } = this.settings
      renditions.push({ id: topic, width: size?.width ?? scaleWidth, fps: size?.fps ?? pubFps, jpegQuality })
    }
    const before = this.renditionTopics
    const now = renditions.map((rendition) => rendition.id)
    if (before.length === now.length && before.every((topic, i) => topic === now[i])) return
    for (const topic of before) if (!now.includes(topic)) this.parts.frames.forget(topic)
    this.#renditions = renditions
    this.#pipeline?.setRenditions(renditions)
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#hurry = null
        resolve()
      }
      const timer = setTimeout(done, delayMs)
      this.#hurry = done
      if (this.#stop.signal.aborted) done()
    })
  }
}
