// The one list of error codes. It is part of the API, and the source of the reference (docs/http-api.md,
// docs/python.md, GET /openapi.json). A test keeps C++, Python, the page and the docs in step.

import { CAMERA_ERRORS } from './error-codes/camera-errors.js'
import type { ErrorInfo, ErrorList } from './error-codes/error-list.js'
import { HTTP_ERRORS } from './error-codes/http-errors.js'

export { CAMERA_ERRORS, HTTP_ERRORS }

/** Why the gateway did not start; reported on standard error, with an exit status. */
export const START_ERRORS = {
  ERR_CONFIG_INVALID: { sentence: 'A setting is invalid. See the message for its name and the expected value.' },
  ERR_ADDON_LOAD: {
    sentence:
      'The native addon does not load, or GStreamer lacks elements. Do what the message says to install it (`npm run setup` in a checkout).',
  },
  ERR_BIND: {
    sentence:
      'An address is in use, or does not belong to this machine. Change the setting that the message names to a different address.',
  },
  ERR_MEDIAMTX_START: { sentence: 'MediaMTX did not start. See the message for the reason.' },
  ERR_MEDIAMTX_OLD: { sentence: 'MediaMTX is too old. Install the version that the message names, or a newer one.' },
  ERR_DEMO: {
    sentence:
      'The simulated camera of `--demo` is not built, or did not start. Run `npm run setup` to build it; the npm package has none.',
  },
} as const satisfies ErrorList

/** `GatewayError.code` of the Python client, in addition to the gateway's codes. */
export const PYTHON_ERRORS = {
  ERR_GATEWAY_UNREACHABLE: {
    sentence: 'Nothing responds at the address. Check `GATEWAY_BASE`, and that the gateway is running.',
  },
  ERR_GATEWAY: {
    sentence: 'The server at the address is not a Framegate gateway, or a proxy answered for it. Check `GATEWAY_BASE`.',
  },
} as const satisfies ErrorList

const ALL = { ...HTTP_ERRORS, ...CAMERA_ERRORS, ...START_ERRORS }

/** A code that the gateway itself can report. */
export type ErrorCode = keyof typeof ALL

/** What ended a camera's session; ERR_CLOSED if the gateway did. */
export type CameraErrorCode = keyof typeof CAMERA_ERRORS | 'ERR_INTERNAL' | 'ERR_CLOSED' | 'ERR_CAMERA_HOST'

/** HTTP status of a response with this code; 500 if the code has none. */
export function httpStatusOf(code: ErrorCode): number {
  const info: ErrorInfo = ALL[code]
  return info.status ?? 500
}
