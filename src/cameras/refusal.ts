// Whether a reader would wait in vain: the camera refuses, and nothing will change that soon. Pure.

import type { CameraErrorCode } from '../error-codes.js'
import type { CameraError, CameraState } from '../types.js'

/** The next attempt is far away (backoff.ts). */
const LONG_WAIT: CameraErrorCode[] = ['ERR_SOURCE_UNAUTHORIZED', 'ERR_CODEC_UNSUPPORTED', 'ERR_SOURCE_TLS']
/** A camera that boots may answer so for a moment. */
const LASTING: CameraErrorCode[] = ['ERR_SOURCE_NOT_FOUND', 'ERR_SOURCE_NO_VIDEO', 'ERR_SOURCE_UNKNOWN_HOST']
const LASTING_AFTER_MS = 5000
/** Of a camera that has never been live, there is no reason to expect that it is about to return. */
const NEVER_THERE: CameraErrorCode[] = [...LASTING, 'ERR_SOURCE_UNREACHABLE', 'ERR_SOURCE_TIMEOUT', 'ERR_SOURCE_READ']

/** Why no frame of the camera will come soon; null if one may, as after a short loss of the connection. */
export function lastingRefusal(
  { state, lastError, everLive }: { state: CameraState; lastError: CameraError | null; everLive: boolean },
  nowMs = Date.now(),
): CameraError | null {
  if (lastError === null || (state !== 'retrying' && state !== 'stopped')) return null
  const { code, sinceMs } = lastError
  const refuses =
    state === 'stopped' ||
    LONG_WAIT.includes(code) ||
    (!everLive && NEVER_THERE.includes(code)) ||
    (LASTING.includes(code) && nowMs - sinceMs >= LASTING_AFTER_MS)
  return refuses ? lastError : null
}
