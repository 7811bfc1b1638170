// Reads from MediaMTX's log why it could not pull a camera. Pure.

import { RelayCannotError, SourceError } from '../errors.js'
import { codeOfRtspStatus } from '../rtsp-status.js'

/** The path that a line is about, which is named like its camera; null if it is about none. */
export const pathOf = (message: string) =>
  /\[path ([^\]]+)\]|\bpath '([^']+)'/.exec(message)?.slice(1).find(Boolean) ?? null

const CONNECTION_LOST =
  /\bEOF\b|reset by peer|broken pipe|closed|terminated|no such host|^dial |^no source|^source of path/

// MediaMTX gathers the NAL units of a picture up to the RTP marker and, if it never comes, drops packets.
const DROPS_PACKETS = /^(?:\d+ )?processing errors?(?:, last was)?: (.*(?:exceeds maximum|too big).*)$/

/**
 * @param message of a warning.
 * @returns a RelayCannotError if MediaMTX drops packets of the path that it received in order; otherwise null.
 */
export function readPathWarning(message: string): { name: string; error: SourceError } | null {
  const [, name = '', text = ''] = /^\[path ([^\]]+)\] (.*)$/.exec(message) ?? []
  const reason = DROPS_PACKETS.exec(text)?.[1]
  if (reason === undefined) return null
  return { name, error: new RelayCannotError('ERR_SOURCE_STREAM', `MediaMTX cannot relay the camera: ${reason}`) }
}

/**
 * @param message of an error line, such as "[path lobby-1] [RTSP source] bad status code: 404 (Not Found)".
 * @returns null if the line is not about a path. ERR_SOURCE_READ if the reason has no code of its own; a RelayCannotError
 *   if it is also not about the connection, but about what the camera said.
 */
export function readPathError(message: string): { name: string; error: SourceError } | null {
  const match = /^\[path ([^\]]+)\] (?:\[RTSP source\] )?(.*)$/.exec(message)
  if (!match) return null
  const [, name = '', reason = ''] = match
  const code = codeOf(reason)
  const cannot = code === 'ERR_SOURCE_READ' && !CONNECTION_LOST.test(reason)
  return {
    name,
    error: new (cannot ? RelayCannotError : SourceError)(code, `MediaMTX cannot pull the camera: ${reason}`),
  }
}

function codeOf(reason: string) {
  const code = codeOfRtspStatus(Number(/bad status code: (\d{3})/.exec(reason)?.[1]))
  if (code) return code
  if (/^tls: |x509: |fingerprint/.test(reason)) return 'ERR_SOURCE_TLS'
  if (/time(d )?out/i.test(reason)) return 'ERR_SOURCE_TIMEOUT'
  if (/connection refused|no route to host|unreachable/.test(reason)) return 'ERR_SOURCE_UNREACHABLE'
  return 'ERR_SOURCE_READ'
}
