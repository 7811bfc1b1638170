// Reads camera addresses as people type them, with passwords that hold @ : / ? # and spaces. Pure. The Python client
// follows the same table of cases: test/data/camera-addresses.json.

const ENCODINGS = [...'@/?#:% '].map((character) => `${encodeURIComponent(character)} for ${character}`)
/** The same for every address: it must not show which of the characters a password has. */
const REMEDY = `In the user name and password, write ${ENCODINGS.join(', ').replace(/ $/, 'a space')}; the password p@ss/1 becomes ${encodeURIComponent('p@ss/1')}`

// Of another kind than HOST/PATH: with a scheme (or a slip in writing it), a path, a camera's name or rendition, a file.
const OTHER_KINDS = [
  /^(?:[a-z][a-z0-9+.-]*:\/|rtsps?[:/]|[/.~])/i,
  /^[a-z0-9_-]*(?:@\d+w[\d.]+fps)?$/i,
  /^(?:[^/:@]*|[^/:@.]+\/[^:@]*)\.(?:mp4|m4v|mov|mkv|avi|webm|mpe?g|ts|flv|wmv|jpe?g|png|gif|bmp)$/i,
]

const HOST = /^(\[[0-9a-f:.%]+\]|[^\s/?#@:[\]<>^|%\\]+)(?::(\d*))?$/i
/** Hosts that are hardly part of a password: an IP address, or localhost. */
const PLAIN_HOST = /^(\[.*\]|\d{1,3}(\.\d{1,3}){3}|localhost)(:|$)/i

interface Reading {
  userInfo: string
  /** HOST[:PORT] */
  host: string
  /** Path and query. */
  rest: string
}

/** `192.168.1.10/stream`, or `//192.168.1.10/stream`, with its rtsp://. What else is no address stays as it is. */
export function withScheme(typed: string): string {
  const text = typed.trim().replace(/^\/\/+/, '')
  return OTHER_KINDS.some((kind) => kind.test(text)) ? text : `rtsp://${text}`
}

/** @returns the address with user name and password percent-encoded, or what is wrong with it and what to write. */
export function readCameraAddress(typed: string): { address: string } | { problem: string } {
  const text = withScheme(typed)
  const [, scheme, body = ''] = /^(rtsps?:\/\/)(.*)$/is.exec(text) ?? []
  if (scheme === undefined)
    return { problem: 'expected an address that begins with rtsp:// or rtsps://, such as rtsp://192.168.1.10/stream' }
  if (/[\p{Cc}\p{Surrogate}]/u.test(body)) return { problem: 'expected an address without control characters' }
  const readings = readingsOf(body)
  const [reading] = readings
  if (reading === undefined)
    return {
      problem: `expected a host, or HOST:PORT with a port of 1 to 65535, after rtsp:// and credentials. ${REMEDY}`,
    }
  if (readings.length > 1)
    return {
      problem: `the address has several possible hosts, because of its @. ${REMEDY}. In a path, write %40 for @`,
    }
  const { userInfo, host, rest } = reading
  if (/\s/.test(rest)) return { problem: 'expected a path without spaces; write %20 for a space' }
  const encoded = encodeUserInfo(userInfo)
  // Decoded, a control character could begin a new line in a request to the camera.
  if (/%(?:[01][0-9a-f]|7f)/i.test(encoded)) return { problem: 'expected credentials without control characters' }
  const address = `${scheme}${encoded === '' ? '' : `${encoded}@`}${host}${rest}`
  return URL.canParse(address) ? { address } : { problem: `expected an address with a valid host. ${REMEDY}` }
}

/** All ways to read an address that are to be taken seriously: none, one, or several. */
function readingsOf(body: string): Reading[] {
  const end = body.search(/[/?#]|$/)
  const separator = body[end]
  const standard = readingAt(body, body.lastIndexOf('@', end === 0 ? 0 : end - 1), end)
  const later = laterReadings(body, end)
  if (!standard) return later
  if (later.length === 0 || PLAIN_HOST.test(standard.host)) return [standard]
  if (standard.host.endsWith(':')) return later // No port.
  // RTSP addresses have no fragment, and hardly ever a query without a path.
  if (separator !== '/') return later
  // An @ in a path is common; a user name and password that end in a slash and a host name are not.
  return looksLikeHost(standard.host) && standard.userInfo === '' ? [standard] : standardOr(standard, later)
}

function standardOr(standard: Reading, later: Reading[]): Reading[] {
  // Of two plain names, neither is more likely, unless one has a port.
  const isPlain = !looksLikeHost(standard.host) && !standard.host.includes(':')
  const serious = later.filter(({ host, rest }) => looksLikeHost(host) || (isPlain && /:|\//.test(host + rest)))
  return serious.length === 0 ? [standard] : [standard, ...serious]
}

/** Readings in which the password holds one of / ? #. */
function laterReadings(body: string, from: number): Reading[] {
  const found: Reading[] = []
  for (let at = body.indexOf('@', from); at >= 0; at = body.indexOf('@', at + 1)) {
    const reading = readingAt(body, at, at + 1 + body.slice(at + 1).search(/[/?#]|$/))
    // Without a colon before it, the @ does not end a password.
    if (reading?.userInfo.includes(':')) found.push(reading)
  }
  return found
}

/** @param at the @ that ends the credentials; -1 if there are none. @param end of host and port. */
function readingAt(body: string, at: number, end: number): Reading | null {
  const host = body.slice(at + 1, end)
  const port = HOST.exec(host)?.[2]
  if (!HOST.test(host) || (port !== undefined && port !== '' && !(Number(port) >= 1 && Number(port) <= 65535)))
    return null
  return { userInfo: body.slice(0, Math.max(0, at)), host, rest: body.slice(end) }
}

function looksLikeHost(host: string): boolean {
  return PLAIN_HOST.test(host) || host.includes('.')
}

/** Encodes what has a meaning in an address, and keeps what is encoded already. */
function encodeUserInfo(userInfo: string): string {
  return userInfo
    .replace(/%(?![0-9a-f]{2})/gi, '%25')
    .replace(/[^\w%:!$&'()*+,;=.~-]/gu, (character) => encodeURIComponent(character))
}
