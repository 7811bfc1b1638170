// One session with a camera: probes the camera, adds its path to the relay, runs one native pipeline, and returns how
// the session ended.

import type { EventEmitter } from 'node:events'
import { messageOf, SourceError } from '../errors.js'
import type { NativeAddon, Pipeline, PipelineNews, PipelineOptions, PipelineStats } from '../native.js'
import type { Logger } from '../types.js'
import { withCredentials, type CameraUrl } from './camera-url.js'
import { probeCamera } from './rtsp-probe.js'

export interface RelayEvents {
  /** The relay could not pull this path, or lost it. */
  'path-error': [name: string, error: SourceError]
}

/** What stands between the gateway and the camera: MediaMTX, or nothing. */
export interface Relay extends EventEmitter<RelayEvents> {
  /** false: the gateway pulls the camera directly. */
  readonly enabled: boolean
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
  relay: Relay
  logger: Logger
  userAgent: string
  name: string
  url: CameraUrl
  transport: 'tcp' | 'udp'
  cameraTime: boolean
  /** false: the camera has failed before, so probe it first. */
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

/** How a session ended: by `stop`, by the camera's refusal, by the relay's failure to pull it, or with the pipeline. */
export type SessionEnd =
  { kind: 'stopped' } | { kind: 'camera-refused' | 'relay-failed' | 'pipeline'; error: SourceError }

// A healthy camera delivers within this time; otherwise probe it for the reason.
const DIAGNOSE_AFTER_MS = 400
const FIRST_PROBE_MS = 4500
// Short, so that a probe that hangs does not delay the camera's return.
const RETRY_PROBE_MS = 2000
// Short timeouts, so that an attempt that hangs does not delay the camera's return.
const IMPATIENT = { connectTimeoutMs: 2500, firstFrameTimeoutMs: 3000 }
// How long a packet that overtook others waits for them. Packets in order do not wait.
const UDP_REORDER_MS = 50

/** Runs one session. Never rejects. When it resolves, all threads and sockets of the session have ended. */
export async function runSession(
  options: SessionOptions,
  listener: SessionListener,
  stop: AbortSignal,
): Promise<SessionEnd> {
  const { relay, name, transport, cameraTime } = options
  const path = watchPath(relay, name)
  try {
    // The gateway probes an unreachable camera at its own pace: MediaMTX retries only every 5 s.
    const refusal = options.first ? null : await diagnose(options, RETRY_PROBE_MS, stop)
    if (refusal) return { kind: 'camera-refused', error: refusal }
    if (relay.enabled) await relay.addPath(name, withCredentials(options.url), { cameraTime, transport }, stop)
    if (stop.aborted) return { kind: 'stopped' }
    const end = await runPipeline(options, listener, path, stop)
    if (end.kind !== 'pipeline' || !path.error) return end
    return { kind: 'relay-failed', error: explained(end.error, path.error) }
  } catch (error) {
    if (stop.aborted) return { kind: 'stopped' }
    if (error instanceof SourceError) return { kind: 'relay-failed', error }
    options.logger.error(`camera ${name}: ${messageOf(error)}`)
    return { kind: 'pipeline', error: new SourceError('ERR_INTERNAL', messageOf(error)) }
  } finally {
    path.close()
    // After a stop the camera removes the path itself, as its last step.
    if (relay.enabled && !stop.aborted) await relay.removePath(name)
  }
}

/** Runs the pipeline until it ends, `stop` is aborted, the camera refuses or the relay fails. */
async function runPipeline(
  options: SessionOptions,
  listener: SessionListener,
  path: WatchedPath,
  stop: AbortSignal,
): Promise<SessionEnd> {
  const { logger, name } = options
  let live = false
  let end: (end: SessionEnd) => void = () => undefined
  const ended = new Promise<SessionEnd>((resolve) => (end = resolve))
  const pipeline = new options.native.Pipeline(pipelineOptions(options), (news) => {
    if (news.live) live = true
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
  path.onError((error) => {
    // MediaMTX would retry only after 5 s.
    if (!live) end({ kind: 'relay-failed', error })
  })
  const diagnosis = setTimeout(() => {
    if (live) return
    void diagnose(options, options.first ? FIRST_PROBE_MS : RETRY_PROBE_MS, over.signal).then((error) => {
      if (error && !live) end({ kind: 'camera-refused', error })
    })
  }, DIAGNOSE_AFTER_MS)

  const result = await ended
  clearTimeout(diagnosis)
  over.abort()
  listener.closing(pipeline.stats())
  await pipeline.close()
  if (stop.aborted) return { kind: 'stopped' }
  if (result.kind === 'stopped' || result.kind === 'camera-refused') return result
  // A session that was live has its reason. For one that never was, the camera gives the best reason.
  if (live || result.error.code === 'ERR_SOURCE_NO_VIDEO') return result
  const refusal = await diagnose(options, RETRY_PROBE_MS, stop)
  return refusal ? { kind: 'camera-refused', error: refusal } : result
}

function pipelineOptions(options: SessionOptions): PipelineOptions {
  const { relay, url, userAgent, beginsWithKey } = options
  const timeouts = options.patient ? {} : IMPATIENT
  // MediaMTX runs on this machine, or on one that the operator chose, so TCP is fine.
  if (relay.enabled) return { url: relay.readUrl(options.name), userAgent, beginsWithKey, ...timeouts }
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

/** The relay's message says more. So does its code, unless it is the general one. */
function explained(fromPipeline: SourceError, fromRelay: SourceError): SourceError {
  return fromRelay.code === 'ERR_SOURCE_READ' ? new SourceError(fromPipeline.code, fromRelay.message) : fromRelay
}
