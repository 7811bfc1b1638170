// Maps RTSP status codes to the gateway's error codes. Pure.

const CODES = {
  401: 'ERR_SOURCE_UNAUTHORIZED',
  403: 'ERR_SOURCE_UNAUTHORIZED',
  404: 'ERR_SOURCE_NOT_FOUND',
  453: 'ERR_SOURCE_BUSY', // Not Enough Bandwidth
  454: 'ERR_SOURCE_NOT_FOUND', // Session Not Found
  461: 'ERR_SOURCE_TRANSPORT', // Unsupported Transport
  503: 'ERR_SOURCE_BUSY',
} as const

/** @returns null if the status is a success or has no code of its own. */
export function codeOfRtspStatus(status: number): (typeof CODES)[keyof typeof CODES] | null {
  return status in CODES ? CODES[status as keyof typeof CODES] : null
}
