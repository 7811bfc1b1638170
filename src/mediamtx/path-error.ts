// Reads from MediaMTX's log why it could not pull a camera. Pure.

import { SourceError } from '../errors.js'
import { codeOfRtspStatus } from '../rtsp-status.js'

/**
 * @param message of an error line, such as "[path lobby-1] [RTSP source] bad status code: 404 (Not Found)".
 * @returns null if the line is not about a path. ERR_SOURCE_READ if the reason has no code of its own.
 */
export function readPathError(message: string): { name: string; error: SourceError } | null {
  const match = /^\[path ([^\]]+)\] (?:\[RTSP source\] )?(.*)$/.exec(message)
  if (!match) return null
  const [, name = '', reason = ''] = match
  return { name, error: new SourceError(codeOf(reason), `MediaMTX cannot pull the camera: ${reason}`) }
}

function codeOf(reason: string) {
  const code = codeOfRtspStatus(Number(/bad status code: (\d{3})/.exec(reason)?.[1]))
  if (code) return code
  if (/^tls: |x509: /.test(reason)) return 'ERR_SOURCE_TLS'
  if (/time(d )?out/i.test(reason)) return 'ERR_SOURCE_TIMEOUT'
  if (/connection refused|no route to host|unreachable/.test(reason)) return 'ERR_SOURCE_UNREACHABLE'
  return 'ERR_SOURCE_READ'
}
