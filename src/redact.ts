// Removes credentials from text before it reaches a log, an error or a response. clients/python/framegate/naming.py has
// the same list of parameters.

// A value ends at & or white space; one in a path (XMEye: /user=admin_password=x_channel=1) also before the next name.
const NAMES =
  'user(?:name)?|usr|login|pass(?:word|wd|wort)?|pwd|psw|(?:auth|access)?_?token|auth|(?:api|auth)?_?key|secret|ticket|sig(?:nature)?'
const PARAMETER = new RegExp(`(^|[^A-Za-z0-9])(${NAMES})=((?:(?!_[a-z]+=)[^&\\s"\\\\]|\\\\\\S)*)`, 'gi')
const QUERY_PARAMETER = new RegExp(`([?&;])(${NAMES})=((?:[^&\\s"\\\\]|\\\\\\S)*)`, 'gi')
// Some cameras: /0/user:password/main. Some proxies: /user:password@camera/main.
const PATH_PAIR = /(rtsps?:\/\/[^\s/?#"]*)(\/[^\s?#"]*)/gi

/** Control characters but line feeds and tabs, and those that reverse text. */
const UNSHOWN = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** For text of which cameras choose parts, before it reaches a terminal. */
export function printable(text: string): string {
  return text.replace(UNSHOWN, '?')
}

/**
 * `rtsp://user:password@host` becomes `rtsp://***@host`, `?token=x` becomes `?token=***`, and so on; works inside longer
 * text.
 */
export function redact(text: string): string {
  // Up to the last @ before the path: a password may hold an unescaped @. The pattern does not match the scheme: in
  // long text without one, that took quadratic time.
  return text
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 ***')
    .replace(/\/\/[^\s/?#]*@/g, '//***@')
    .replace(QUERY_PARAMETER, '$1$2=***')
    .replace(PARAMETER, '$1$2=***')
    .replace(PATH_PAIR, (_, host: string, path: string) => host + path.replace(/\/[^/:@]+:[^/]+(?=\/|$)/g, '/***'))
}
