// One session with a camera: probes the camera, adds its path to the relay, runs one native pipeline, and returns how
// the session ended.

import { setTimeout as pause } from 'node:timers/promises'
import { messageOf, RelayCannotError, SourceError } from '../errors.js'
import { memoryLeftMb } from '../memory.js'
import { refusalOf } from '../rtsp-status.js'
import { hostOf, type CameraUrl } from './camera-url.js'
import { enterSession } from './capacity.js'
import { runPipeline, taps, type SessionEnd, type SessionListener, type SessionOptions } from './pipeline-run.js'
import { watchPath } from './relay-path.js'
import { probeCamera } from './rtsp-probe.js'

const FIRST_PROBE_MS = 4500
// Short, so that a probe that hangs does not delay the camera's return.
const RETRY_PROBE_MS = 2000
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
  let leave
  try {
    leave = enterSession(
      (...more) => options.native.headroom(...more),
      memoryLeftMb(),
      options.everLive,
      options.decodingMb,
    )
  } catch (error) {
    return { kind: 'pipeline', error: error as SourceError }
  }
  return await runInside(options, listener, stop).finally(leave)
}

async function runInside(options: SessionOptions, listener: SessionListener, stop: AbortSignal): Promise<SessionEnd> {
  const probesFirst = options.probe && (!options.first || firstNeedsProbe(options))
  let { found } = options
  if (probesFirst) {
    const answer = await diagnose(options, options.first ? FIRST_PROBE_MS : RETRY_PROBE_MS, stop)
    if (stop.aborted || answer === null) return { kind: 'stopped' }
    if (answer instanceof SourceError) return { kind: 'camera-refused', error: answer }
    listener.found(answer)
    found = answer
  }
  // An external MediaMTX would follow a redirect with the credentials.
  const { end, explained } = await pull({ ...options, url: found ?? options.url }, listener, stop)
  if (end.kind === 'stopped' || probesFirst || explained) return judged(end)
  await pause(PATH_REMOVAL_MS, undefined, { signal: stop }).catch(() => undefined)
  const answer = await diagnose(options, RETRY_PROBE_MS, stop)
  if (stop.aborted || answer === null) return { kind: 'stopped' }
  return answer instanceof SourceError ? { kind: 'camera-refused', error: answer } : judged(end)
}

/**
 * Later sessions begin with a probe if they may: MediaMTX retries only every 5 s, the gateway at its own pace. The first one
 * needs it if an external MediaMTX pulls the camera, which reports no reasons; for rtsps, whose certificate it judges; if
 * CAMERA_HOSTS is set, since the addon and MediaMTX follow redirects to any host; and if there is a password: the probe
 * follows a redirect to another host without it.
 */
function firstNeedsProbe({ relay, url, hosts }: SessionOptions): boolean {
  const silent = relay !== null && !relay.managed
  return silent || url.user !== '' || url.key.startsWith('rtsps:') || hosts.rules.length > 0
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

/** Runs the pipeline, and removes its path from the relay. */
async function pull(options: SessionOptions, listener: SessionListener, stop: AbortSignal): Promise<SessionResult> {
  const { relay, name, url } = options
  const path = relay && watchPath(relay, name, taps(options))
  try {
    const at = await options.hosts.resolved(url, options.attempt)
    await relay?.untilReady(stop)
    if (stop.aborted) return { end: { kind: 'stopped' }, explained: true }
    const { end, answered } = await runPipeline({ ...options, url: at }, listener, path, stop)
    if (end.kind === 'stopped' || end.kind === 'relay-cannot') return { end, explained: true }
    if (path?.error) return relayFailed(options, end.error, path.error, answered)
    if (end.error.code === 'ERR_SOURCE_TIMEOUT' && !answered) {
      const error = new SourceError('ERR_SOURCE_TIMEOUT', `${hostOf(url)} did not respond in time, or sent no data`)
      return { end: { ...end, error }, explained: true }
    }
    // Without a log, the answer of the relay is all that is known.
    if (relay && !relay.managed && !answered && /^ERR_SOURCE_(READ|NOT_FOUND)$/.test(end.error.code)) {
      const message = `MediaMTX cannot pull the camera: ${end.error.message}`
      return { end: { kind: 'relay-failed', error: new RelayCannotError(end.error.code, message) }, explained: true }
    }
    return { end, explained: answered || end.error.code === 'ERR_SOURCE_NO_VIDEO' }
  } catch (error) {
    if (stop.aborted) return { end: { kind: 'stopped' }, explained: true }
    if (error instanceof SourceError)
      return { end: { kind: 'relay-failed', error }, explained: !(error instanceof RelayCannotError) }
    options.logger.error(messageOf(error), { camera: name })
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

/** Where the camera's description is, or the error that the camera itself reports; null if the signal ended the probe. */
async function diagnose(
  options: SessionOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CameraUrl | SourceError | null> {
  try {
    const { url, userAgent, tlsFingerprint, hosts, attempt } = options
    const resolve = (target: CameraUrl) => hosts.resolved(target, attempt)
    return await probeCamera(url, timeoutMs, userAgent, signal, tlsFingerprint, resolve)
  } catch (error) {
    if (!(error instanceof SourceError)) return new SourceError('ERR_INTERNAL', messageOf(error))
    return error.code === 'ERR_CLOSED' ? null : error
  }
}
