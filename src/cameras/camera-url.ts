// Parses camera addresses into credentials and the key that identifies a camera. Pure.

export interface CameraUrl {
  /** The address without credentials, the host in lower case and without the default port. */
  key: string
  user: string
  password: string
}

const DEFAULT_PORTS: Record<string, string> = { 'rtsp:': '554', 'rtsps:': '322' }

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // A bare % in a password.
  }
}

/** @param rtsp a validated address. */
export function parseCameraUrl(rtsp: string): CameraUrl {
  // WHATWG's URL keeps the case of the host and has no default port for rtsp.
  const match = /^(rtsps?:)\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d*))?([^#]*)/i.exec(rtsp)
  if (!match) throw new TypeError('not an RTSP address')
  const scheme = match[1]!.toLowerCase()
  const userInfo = match[2] ?? ''
  const host = match[3]!.toLowerCase()
  const port = match[4] ?? ''
  const path = match[5] ?? ''
  const colon = userInfo.indexOf(':')
  const user = colon < 0 ? userInfo : userInfo.slice(0, colon)
  const password = colon < 0 ? '' : userInfo.slice(colon + 1)
  const portPart = port === '' || port === DEFAULT_PORTS[scheme] ? '' : `:${port}`
  return {
    key: `${scheme}//${host}${portPart}${path === '' ? '/' : path}`,
    user: decode(user),
    password: decode(password),
  }
}

/** The host without brackets, and the port. */
export function splitAddress(url: CameraUrl): { host: string; port: number } {
  const [, host = '', port] = /^rtsps?:\/\/(\[[^\]]*\]|[^/?:]*)(?::(\d+))?/.exec(url.key) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? (url.key.startsWith('rtsps:') ? 322 : 554)) }
}

/** HOST[:PORT], for messages. */
export function hostOf(url: CameraUrl): string {
  return /^rtsps?:\/\/([^/?]*)/.exec(url.key)?.[1] ?? 'the camera'
}

/** The address with credentials, each percent-encoded, for MediaMTX. */
export function withCredentials(url: CameraUrl): string {
  // MediaMTX requires both or neither.
  if (url.user === '' && url.password === '') return url.key
  return url.key.replace('//', `//${encodeURIComponent(url.user)}:${encodeURIComponent(url.password)}@`)
}
