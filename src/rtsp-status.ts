// Maps RTSP status codes to the gateway's error codes and their messages. Pure.

const CODES = {
  401: 'ERR_SOURCE_UNAUTHORIZED',
  403: 'ERR_SOURCE_UNAUTHORIZED',
  404: 'ERR_SOURCE_NOT_FOUND',
  453: 'ERR_SOURCE_BUSY', // Not Enough Bandwidth
  454: 'ERR_SOURCE_NOT_FOUND', // Session Not Found
  461: 'ERR_SOURCE_TRANSPORT', // Unsupported Transport
  503: 'ERR_SOURCE_BUSY',
} as const

export type RefusalCode = (typeof CODES)[keyof typeof CODES]

/** @returns null if the status is a success or has no code of its own. */
export function codeOfRtspStatus(status: number): RefusalCode | null {
  return status in CODES ? CODES[status as keyof typeof CODES] : null
}

const REFUSALS: Record<RefusalCode, string> = {
  ERR_SOURCE_UNAUTHORIZED: 'refused the user name or password',
  ERR_SOURCE_NOT_FOUND: 'has no such path',
  ERR_SOURCE_BUSY: 'has no capacity for another session',
  ERR_SOURCE_TRANSPORT: 'does not support this transport',
}

/** @returns null if the code is not that of a status. */
export function refusalOf(code: string, hasUser: boolean): string | null {
  if (code === 'ERR_SOURCE_UNAUTHORIZED' && !hasUser) return 'requires a user name and password'
  return code in REFUSALS ? REFUSALS[code as RefusalCode] : null
}
