// Runs one native pipeline of a session, from its start to its end.

import { RelayCannotError, SourceError } from '../errors.js'
import type { Lane, NativeAddon, Pipeline, PipelineNews, PipelineOptions, PipelineStats } from '../native.js'
import type { PipelineCounters } from '../pipeline-counters.js'
import type { Logger } from '../types.js'
import type { CameraHosts } from './camera-hosts.js'
import { withCredentials, type CameraUrl } from './camera-url.js'
import type { Relay, WatchedPath } from './relay-path.js'

export interface SessionOptions {
  native: NativeAddon
  /** For local readers; null: none. */
  lane: Lane | null
  /** null: the camera is pulled directly. */
  relay: Relay | null
  logger: Logger
  userAgent: string
  name: string
  url: CameraUrl
  hosts: CameraHosts
  /** Counts the sessions, to try all addresses of a name. */
  attempt: number
  /** Where an earlier probe found the camera; null: nowhere yet. */
  found: CameraUrl | null
  transport: 'tcp' | 'udp'
  cameraTime: boolean
  tlsFingerprint: string | null
  /** false: the camera has failed before. */
  first: boolean
  /** Whether the camera has ever been live. */
  everLive: boolean
  /** MiB that decoding it for its readers takes. */
  decodingMb: number
  /** false: do not begin with a probe, since the camera may have been busy with the last one. */
  probe: boolean
  /** Give a slow camera the full timeouts. */
  patient: boolean
  beginsWithKey: boolean
}

export interface SessionListener {
  /** A probe found the camera's description at this address. */
  found(url: CameraUrl): void
  opened(pipeline: Pipeline): void
  news(news: PipelineNews): void
  /** The pipeline is about to be closed. @param described the source has described its stream. */
  closing(last: PipelineStats, counters: PipelineCounters, described: boolean): void
}

/** How a session ended: by `stop`, by the camera's refusal, by the relay's failure to pull it, because the relay
 * cannot carry what the camera offers, or with the pipeline.
 */
export type SessionEnd =
  { kind: 'stopped' } | { kind: 'camera-refused' | 'relay-failed' | 'relay-cannot' | 'pipeline'; error: SourceError }

// Short timeouts, so that an attempt that hangs does not delay the camera's return.
const IMPATIENT = { connectTimeoutMs: 2500, firstFrameTimeoutMs: 3000 }
// How long a packet that overtook others waits for them. Packets in order do not wait.
const UDP_REORDER_MS = 50
// For the first picture of MJPEG through MediaMTX.
const MJPEG_LIMIT_MS = 4000

/**
 * Whether a relay on this machine pulls the camera through the addon, which then takes the packets on their way. Over UDP the
 * relay needs a connection of its own.
 */
export function taps({ relay, transport }: SessionOptions): boolean {
  return relay !== null && relay.managed && transport === 'tcp'
}

/** Runs the pipeline until it ends, `stop` is aborted or the relay fails. @throws SourceError the relay cannot have the path. */
export async function runPipeline(
  options: SessionOptions,
  listener: SessionListener,
  path: WatchedPath | null,
  stop: AbortSignal,
): Promise<{ end: SessionEnd; answered: boolean }> {
  const { logger, name } = options
  const tap = taps(options)
  let live = false
  let answered = false
  let end: (end: SessionEnd) => void = () => undefined
  const ended = new Promise<SessionEnd>((resolve) => (end = resolve))
  // Every picture of MJPEG is a key picture. MediaMTX loses the size of those that are wider than 2040 pixels.
  let wholePicture: NodeJS.Timeout | null = null
  const noWholePicture = () => {
    const message = 'MediaMTX delivers no complete picture from the camera'
    if (!live) end({ kind: 'relay-cannot', error: new SourceError('ERR_NO_KEY_FRAME', message) })
  }
  let codec = ''
  const pipeline = new options.native.Pipeline(pipelineOptions(options), (news) => {
    if (news.live) live = true
    if (news.stream) {
      answered = true
      codec = news.stream.codec
      if (options.relay && !tap && codec === 'mjpeg') wholePicture ??= setTimeout(noWholePicture, MJPEG_LIMIT_MS)
    }
    listener.news(news)
    if (!news.ended) return
    const { code, message, element, debug } = news.ended
    if (debug) logger.debug(`${element}: ${debug}`, { camera: name })
    const cannot = tap && codec === 'mjpeg' && code === 'ERR_SOURCE_STREAM'
    end({ kind: cannot ? 'relay-cannot' : 'pipeline', error: new SourceError(code, message) })
  })
  try {
    await addPath(options, pipeline, stop)
  } catch (error) {
    await pipeline.close()
    throw error
  }
  listener.opened(pipeline)
  pipeline.read()

  const over = new AbortController()
  stop.addEventListener('abort', () => end({ kind: 'stopped' }), { signal: over.signal })
  if (stop.aborted) end({ kind: 'stopped' })
  path?.onError((error) => {
    // MediaMTX would retry only after 5 s.
    if (!live) end({ kind: 'relay-failed', error })
    else if (error instanceof RelayCannotError && error.code === 'ERR_SOURCE_STREAM')
      end({ kind: 'relay-cannot', error })
  })

  const result = await ended
  if (wholePicture) clearTimeout(wholePicture)
  over.abort()
  listener.closing(pipeline.stats(), pipeline.counters(), answered)
  await pipeline.close()
  return { end: stop.aborted ? { kind: 'stopped' } : result, answered }
}

/** Makes the relay ready to pull the camera. @throws SourceError */
async function addPath(options: SessionOptions, pipeline: Pipeline, stop: AbortSignal): Promise<void> {
  const { relay, name, url, transport, cameraTime, tlsFingerprint } = options
  const frontUrl = pipeline.frontUrl()
  const path = { cameraTime, transport, tlsFingerprint, gatewayReads: true }
  if (frontUrl === '') await relay?.addPath(name, withCredentials(url), path, stop)
  else await relay?.addPath(name, frontUrl, { ...path, tlsFingerprint: null, gatewayReads: false }, stop)
}

function pipelineOptions(options: SessionOptions): PipelineOptions {
  const { relay, url, userAgent, beginsWithKey, tlsFingerprint, lane } = options
  const tap = taps(options)
  return {
    ...{ url: url.key, user: url.user, password: url.password, userAgent, beginsWithKey, lane },
    direct: relay === null,
    tap,
    // Without camera_time MediaMTX replaces the camera's clock with its own.
    cameraTime: options.cameraTime || relay === null || tap,
    ...(relay && !tap && { relayUrl: relay.readUrl(options.name) }),
    ...(tlsFingerprint === null ? {} : { tlsFingerprint }),
    // MediaMTX runs on this machine, or on one that the operator chose, so TCP is fine for its path.
    ...(relay || options.transport === 'tcp' ? {} : { transport: 'udp' as const, latencyMs: UDP_REORDER_MS }),
    ...(options.patient ? {} : IMPATIENT),
  }
}
