// One session with a camera: probes the camera, adds its path to the relay, runs one native pipeline, and returns how
// the session ended.

import type { EventEmitter } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf, RelayCannotError, SourceError } from '../errors.js'
import type { NativeAddon, Pipeline, PipelineNews, PipelineOptions, PipelineStats } from '../native.js'
import { refusalOf } from '../rtsp-status.js'
import type { Logger } from '../types.js'
import { hostOf, withCredentials, type CameraUrl } from './camera-url.js'
import { probeCamera } from './rtsp-probe.js'

export interface RelayEvents {
  /** The relay could not pull this path, or lost it. */
  'path-error': [name: string, error: SourceError]
}

/** What stands between the gateway and the camera: MediaMTX, or nothing. */
export interface Relay extends EventEmitter<RelayEvents> {
  /** false: the gateway pulls every camera directly. */
  readonly enabled: boolean
  /** Whether it emits `path-error`, and so reports why it cannot pull a camera. */
  readonly reportsPathErrors: boolean
  /** Makes the relay connect to the camera, or reconnect if it already has. @throws SourceError */
  addPath(
    name: string,
    source: string,
    options: { cameraTime: boolean; transport: 'tcp' | 'udp' },
    signal: AbortSignal,
  ): Promise<void>
  /** Never throws. */
  removePath(name: string): Promise<void>
  /** Where the gateway itself reads the path. */
  readUrl(name: string): string
}

export interface SessionOptions {
  native: NativeAddon
  /** null: the camera is pulled directly. */
  relay: Relay | null
  logger: Logger
  userAgent: string
  name: string
  url: CameraUrl
  transport: 'tcp' | 'udp'
  cameraTime: boolean
  /** false: the camera has failed before. */
  first: boolean
  /** Give a slow camera the full timeouts. */
  patient: boolean
  beginsWithKey: boolean
}

export interface SessionListener {
  opened(pipeline: Pipeline): void
  news(news: PipelineNews): void
  /** The pipeline is about to be closed. */
  closing(last: PipelineStats): void
}

/** How a session ended: by `stop`, by the camera's refusal, by the relay's failure to pull it, because the relay
 * cannot carry what the camera offers, or with the pipeline.
 */
export type SessionEnd =
  { kind: 'stopped' } | { kind: 'camera-refused' | 'relay-failed' | 'relay-cannot' | 'pipeline'; error: SourceError }

const FIRST_PROBE_MS = 4500
// Short, so that a probe that hangs does not delay the camera's return.
const RETRY_PROBE_MS = 2000
// Short timeouts, so that an attempt that hangs does not delay the camera's return.
const IMPATIENT = { connectTimeoutMs: 2500, firstFrameTimeoutMs: 3000 }
// How long a packet that overtook others waits for them. Packets in order do not wait.
const UDP_REORDER_MS = 50
// For the first picture of MJPEG through MediaMTX.
const MJPEG_LIMIT_MS = 4000
// MediaMTX confirms that a path is removed just before it closes its connection to the camera.
const PATH_REMOVAL_MS = 100

/**
 * Runs one session. Never rejects. When it resolves, all threads and sockets of the session have ended.
 *
 * Many cameras accept only one connection, so the probe never runs beside the session. It runs before it, or after it
 * if the session began without a probe and its error does not give the reason.
 */
export async function runSession(
  options: SessionOptions,
  listener: SessionListener,
  stop: AbortSignal,
): Promise<SessionEnd> {
  // The gateway probes an unreachable camera at its own pace: MediaMTX retries only every 5 s. The first session begins
  // with a probe only if nothing else would report why it failed.
  const probesFirst = !options.first || !options.relay?.reportsPathErrors
  if (probesFirst) {
    const refusal = await diagnose(options, options.first ? FIRST_PROBE_MS : RETRY_PROBE_MS, stop)
    if (stop.aborted) return { kind: 'stopped' }
    if (refusal) return { kind: 'camera-refused', error: refusal }
  }
  const { end, explained } = await pull(options, listener, stop)
  if (end.kind === 'stopped' || probesFirst || explained) return judged(end)
  await pause(PATH_REMOVAL_MS, undefined, { signal: stop }).catch(() => undefined)
  const refusal = await diagnose(options, RETRY_PROBE_MS, stop)
  if (stop.aborted) return { kind: 'stopped' }
  return refusal ? { kind: 'camera-refused', error: refusal } : judged(end)
}

/** The end of a session with a camera that a probe found healthy. */
function judged(end: SessionEnd): SessionEnd {
  if (end.kind === 'stopped' || !(end.error instanceof RelayCannotError)) return end
  return { kind: 'relay-cannot', error: end.error }
}

interface SessionResult {
  end: SessionEnd
  /** Whether a probe could not say more about the reason. */
  explained: boolean
}

/** Adds the path to the relay, runs the pipeline, and removes the path again. */
async function pull(options: SessionOptions, listener: SessionListener, stop: AbortSignal): Promise<SessionResult> {
  const { relay, name, url, transport, cameraTime } = options
  const path = relay && watchPath(relay, name)
  try {
    await relay?.addPath(name, withCredentials(url), { cameraTime, transport }, stop)
    if (stop.aborted) return { end: { kind: 'stopped' }, explained: true }
    const { end, answered } = await runPipeline(options, listener, path, stop)
    if (end.kind === 'stopped') return { end, explained: true }
    if (end.kind === 'relay-cannot') return { end, explained: true }
    if (path?.error) return relayFailed(options, end.error, path.error, answered)
    if (end.error.code === 'ERR_SOURCE_TIMEOUT' && !answered) {
      const error = new SourceError('ERR_SOURCE_TIMEOUT', `${hostOf(url)} did not respond in time, or sent no data`)
      return { end: { ...end, error }, explained: true }
    }
    // Without a log, the answer of the relay is all that is known.
    if (relay && !relay.reportsPathErrors && !answered && /^ERR_SOURCE_(READ|NOT_FOUND)$/.test(end.error.code)) {
      const message = `MediaMTX cannot pull the camera: ${end.error.message}`
      return { end: { kind: 'relay-failed', error: new RelayCannotError(end.error.code, message) }, explained: true }
    }
    return { end, explained: answered || end.error.code === 'ERR_SOURCE_NO_VIDEO' }
  } catch (error) {
    if (stop.aborted) return { end: { kind: 'stopped' }, explained: true }
    if (error instanceof SourceError)
      return { end: { kind: 'relay-failed', error }, explained: !(error instanceof RelayCannotError) }
    options.logger.error(`camera ${name}: ${messageOf(error)}`)
    const internal = new SourceError('ERR_INTERNAL', messageOf(error))
    return { end: { kind: 'pipeline', error: internal }, explained: true }
  } finally {
    path?.close()
    // After a stop the camera removes the path itself, as its last step.
    if (!stop.aborted) await relay?.removePath(name)
  }
}

/** Combines the errors of the pipeline and the relay for the same session. */
function relayFailed(
  { url }: SessionOptions,
  fromPipeline: SourceError,
  fromRelay: SourceError,
  answered: boolean,
): SessionResult {
  const refusal = refusalOf(fromRelay.code, url.user !== '')
  if (refusal) {
    const said = /bad status code: (\d+) \((.*)\)$/.exec(fromRelay.message)
    const message = `${hostOf(url)} ${refusal}${said ? ` (${said[1]} ${said[2]})` : ''}`
    return { end: { kind: 'camera-refused', error: new SourceError(fromRelay.code, message) }, explained: true }
  }
  // The relay's message says more. So does its code, unless it is the general one.
  const code = fromRelay.code === 'ERR_SOURCE_READ' ? fromPipeline.code : fromRelay.code
  const kind = fromRelay instanceof RelayCannotError && !answered ? RelayCannotError : SourceError
  return { end: { kind: 'relay-failed', error: new kind(code, fromRelay.message) }, explained: answered }
}

/** Runs the pipeline until it ends, `stop` is aborted or the relay fails. */
async function runPipeline(
  options: SessionOptions,
  listener: SessionListener,
  path: WatchedPath | null,
  stop: AbortSignal,
): Promise<{ end: SessionEnd; answered: boolean }> {
  const { logger, name } = options
  let live = false
  let answered = false
  let end: (end: SessionEnd) => void = () => undefined
  const ended = new Promise<SessionEnd>((resolve) => (end = resolve))
  // Every picture of MJPEG is a key picture. MediaMTX loses the size of those that are wider than 2040 pixels.
  let wholePicture: NodeJS.Timeout | null = null
  const noWholePicture = () => {
    const message = 'MediaMTX delivers no complete picture of the camera'
    if (!live) end({ kind: 'relay-cannot', error: new SourceError('ERR_NO_KEY_FRAME', message) })
  }
  const pipeline = new options.native.Pipeline(pipelineOptions(options), (news) => {
    if (news.live) live = true
    if (news.stream) {
      answered = true
      if (options.relay && news.stream.codec === 'mjpeg') wholePicture ??= setTimeout(noWholePicture, MJPEG_LIMIT_MS)
    }
    listener.news(news)
    if (!news.ended) return
    const { code, message, element, debug } = news.ended
    if (debug) logger.debug(`camera ${name}: ${element}: ${debug}`)
    end({ kind: 'pipeline', error: new SourceError(code, message) })
  })
  listener.opened(pipeline)

  const over = new AbortController()
  stop.addEventListener('abort', () => end({ kind: 'stopped' }), { signal: over.signal })
  if (stop.aborted) end({ kind: 'stopped' })
  path?.onError((error) => {
    // MediaMTX would retry only after 5 s.
    if (!live) end({ kind: 'relay-failed', error })
  })

  const result = await ended
  if (wholePicture) clearTimeout(wholePicture)
  over.abort()
  listener.closing(pipeline.stats())
  await pipeline.close()
  return { end: stop.aborted ? { kind: 'stopped' } : result, answered }
}

function pipelineOptions(options: SessionOptions): PipelineOptions {
  const { relay, url, userAgent, beginsWithKey } = options
  const timeouts = options.patient ? {} : IMPATIENT
  // MediaMTX runs on this machine, or on one that the operator chose, so TCP is fine.
  if (relay) return { url: relay.readUrl(options.name), userAgent, beginsWithKey, ...timeouts }
  const transport = options.transport === 'tcp' ? {} : { transport: 'udp' as const, latencyMs: UDP_REORDER_MS }
  return { url: url.key, user: url.user, password: url.password, userAgent, beginsWithKey, ...transport, ...timeouts }
}

/** The error that the camera itself reports; null if there is none, or if the signal ended the probe. */
async function diagnose(options: SessionOptions, timeoutMs: number, signal: AbortSignal): Promise<SourceError | null> {
  try {
    await probeCamera(options.url, timeoutMs, options.userAgent, signal)
    return null
  } catch (error) {
    if (!(error instanceof SourceError)) return new SourceError('ERR_INTERNAL', messageOf(error))
    return error.code === 'ERR_CLOSED' ? null : error
  }
}

interface WatchedPath {
  /** The last error that the relay reported for the path. */
  error: SourceError | null
  /** Calls the listener for each error, including one that has already been reported. */
  onError(listener: (error: SourceError) => void): void
  close(): void
}

function watchPath(relay: Relay, name: string): WatchedPath {
  let listener: (error: SourceError) => void = () => undefined
  const onPathError = (path: string, error: SourceError) => {
    if (path !== name) return
    watched.error = error
    listener(error)
  }
  const watched: WatchedPath = {
    error: null,
    onError(onError) {
      listener = onError
      if (watched.error) onError(watched.error)
    },
    close: () => relay.off('path-error', onPathError),
  }
  relay.on('path-error', onPathError)
  return watched
}
