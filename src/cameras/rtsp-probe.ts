// Asks a camera for its description (RTSP DESCRIBE, RFC 2326) to learn why it delivers nothing: GStreamer reports the
// same error for a refusal and an unknown host, and MediaMTX writes the reason only to its log. Sets up no session. Many
// cameras accept only one connection, so no probe may run while a session of the camera is open.

import net from 'node:net'
import { TLSSocket } from 'node:tls'
import { cameraSettings } from '../camera-settings.js'
import { codeOf, messageOf, SourceError } from '../errors.js'
import { codeOfRtspStatus, refusalOf } from '../rtsp-status.js'
import { within } from '../time-limit.js'
import { hostOf, parseCameraUrl, splitAddress, type CameraUrl } from './camera-url.js'
import { AnswerReader, type Answer } from './rtsp-answer.js'
import { authorize } from './rtsp-auth.js'
import { connectTls, distrustOf } from './tls-trust.js'

const MAX_REDIRECTS = 4
// How long the camera has to close its side of the connection.
const CLOSE_LIMIT_MS = 200

/**
 * Resolves if the camera describes video, with the address that does: not the given one if the camera redirects. It holds the
 * credentials only if they may go there: to the same host, and not from rtsps to rtsp.
 * @param timeoutMs for the whole probe, redirects included.
 * @param resolve the address to connect to, for each of them; rejects if it may not be a camera's.
 * @throws SourceError ERR_SOURCE_UNKNOWN_HOST, _UNREACHABLE, _TIMEOUT, _UNAUTHORIZED, _NOT_FOUND, _BUSY,
 *   _NO_VIDEO, _READ, _TLS; ERR_CLOSED when the signal aborts it.
 */
export async function probeCamera(
  url: CameraUrl,
  timeoutMs: number,
  userAgent: string,
  signal?: AbortSignal,
  tlsFingerprint: string | null = null,
  resolve = (target: CameraUrl) => Promise.resolve(target),
): Promise<CameraUrl> {
  const late = (host: string) =>
    signal?.aborted
      ? new SourceError('ERR_CLOSED', 'closed')
      : new SourceError('ERR_SOURCE_TIMEOUT', `${host} did not respond within ${timeoutMs / 1000} s`)
  return within(timeoutMs, signal, (stop) => follow(url, { userAgent, tlsFingerprint, resolve, stop, late }))
}

interface Ask {
  userAgent: string
  tlsFingerprint: string | null
  resolve: (target: CameraUrl) => Promise<CameraUrl>
  stop: AbortSignal
  /** The error when `stop` is aborted. */
  late: (host: string) => SourceError
}

async function follow(url: CameraUrl, { userAgent, tlsFingerprint, resolve, stop, late }: Ask): Promise<CameraUrl> {
  let target = url
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const answer = await describe(target, await resolve(target), userAgent, tlsFingerprint, stop, () =>
      late(hostOf(target)),
    )
    const location = absolute(answer.headers.get('location')?.[0] ?? '', target)
    if (answer.status >= 300 && answer.status < 400 && cameraSettings.shape.rtsp.safeParse(location).success) {
      target = redirected(target, parseCameraUrl(location))
      continue
    }
    if (answer.status === 401 && url.user !== '' && target.user === '') {
      const message = `${hostOf(url)} redirects to ${hostOf(target)}, which requires a user name and password; start the camera with that address and its credentials`
      throw new SourceError('ERR_SOURCE_UNAUTHORIZED', message)
    }
    judge(answer, target)
    return target
  }
  throw new SourceError('ERR_SOURCE_READ', `${hostOf(target)} redirects more than ${MAX_REDIRECTS} times`)
}

/** Some cameras redirect to a path only. */
function absolute(location: string, from: CameraUrl): string {
  return location.startsWith('/')
    ? `${from.key.slice(0, from.key.indexOf('://'))}://${hostOf(from)}${location}`
    : location
}

/** The address that a camera redirects to, with the credentials if they may go there. */
function redirected(from: CameraUrl, to: CameraUrl): CameraUrl {
  const host = (url: CameraUrl) => hostOf(url).replace(/:\d+$/, '')
  const safe = host(from) === host(to) && (to.key.startsWith('rtsps:') || from.key.startsWith('rtsp:'))
  return { key: to.key, user: safe ? from.user : '', password: safe ? from.password : '' }
}

/** @throws SourceError unless the answer describes video. */
function judge(answer: Answer, url: CameraUrl): void {
  const host = hostOf(url)
  const said = `${answer.status} ${answer.reason}`.trim()
  const code = codeOfRtspStatus(answer.status)
  if (code) throw new SourceError(code, `${host} ${refusalOf(code, url.user !== '')} (${said})`)
  if (answer.status !== 200) throw new SourceError('ERR_SOURCE_READ', `${host} responded with ${said}`)
  if (/^m=video /m.test(answer.body)) return
  const offered = /^m=audio /m.test(answer.body) ? 'audio but no video' : 'no video'
  throw new SourceError('ERR_SOURCE_NO_VIDEO', `${host} offers ${offered}`)
}

/** One DESCRIBE, and a second one with credentials if the camera answers 401. */
function describe(
  url: CameraUrl,
  at: CameraUrl,
  userAgent: string,
  tlsFingerprint: string | null,
  stop: AbortSignal,
  stopped: () => SourceError,
): Promise<Answer> {
  const secure = url.key.startsWith('rtsps:')
  const { host, port } = splitAddress(url)
  return new Promise((resolve, reject) => {
    const socket = secure ? connectTls(host, port) : net.connect({ host: splitAddress(at).host, port })
    let reader = new AnswerReader()
    let cseq = 0
    let finished = false
    const finish = (result: Answer | SourceError) => {
      if (finished) return
      finished = true
      stop.removeEventListener('abort', onStop)
      if (result instanceof SourceError) {
        socket.destroy()
        reject(result)
        return
      }
      // A camera that accepts only one connection accepts the next after it has closed this one.
      socket.once('close', () => resolve(result))
      socket.end()
      setTimeout(() => socket.destroy(), CLOSE_LIMIT_MS).unref()
    }
    const onStop = () => finish(stopped())
    const send = (authorization?: string) => {
      cseq++
      const lines = [
        `DESCRIBE ${url.key} RTSP/1.0`,
        `CSeq: ${cseq}`,
        `User-Agent: ${userAgent}`,
        'Accept: application/sdp',
      ]
      if (authorization) lines.push(`Authorization: ${authorization}`)
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    }
    stop.addEventListener('abort', onStop)
    if (stop.aborted) onStop()
    socket.on('error', (error: Error) => finish(connectionError(error, `${host}:${port}`)))
    socket.on('close', () =>
      finish(new SourceError('ERR_SOURCE_READ', `${host}:${port} closed the connection without a response`)),
    )
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      const distrust = socket instanceof TLSSocket ? distrustOf(socket, tlsFingerprint, `${host}:${port}`) : null
      if (distrust) finish(distrust)
      else send()
    })
    socket.on('data', (chunk: Buffer) => {
      if (finished) return
      const answer = reader.push(chunk)
      if (answer === 'partial') return
      if (answer === 'invalid')
        return finish(new SourceError('ERR_SOURCE_READ', `${host}:${port} does not speak RTSP; check address and port`))
      reader = new AnswerReader()
      if (answer.status === 401 && cseq === 1 && url.user !== '') {
        const authorization = authorize(answer.headers.get('www-authenticate') ?? [], url)
        if (authorization) return send(authorization)
      }
      finish(answer)
    })
  })
}

function connectionError(error: Error, address: string): SourceError {
  const code = codeOf(error) ?? ''
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_NONAME') {
    return new SourceError('ERR_SOURCE_UNKNOWN_HOST', `the host name of ${address} cannot be resolved`)
  }
  if (code === 'ECONNREFUSED') return new SourceError('ERR_SOURCE_UNREACHABLE', `${address} refused the connection`)
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EHOSTDOWN') {
    return new SourceError('ERR_SOURCE_UNREACHABLE', `there is no route to ${address} (${code})`)
  }
  if (code === 'ETIMEDOUT') return new SourceError('ERR_SOURCE_TIMEOUT', `${address} did not respond`)
  if (/SSL|TLS|CERT/.test(code)) return new SourceError('ERR_SOURCE_TLS', `TLS with ${address} failed (${code})`)
  return new SourceError('ERR_SOURCE_READ', `the connection to ${address} failed (${code || messageOf(error)})`)
}
