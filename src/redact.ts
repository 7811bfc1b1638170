// Removes credentials from text before it reaches a log, an error or a response.

/** `rtsp://user:password@host` becomes `rtsp://***@host`; works inside longer text. */
export function redact(text: string): string {
  // Up to the last @ before the path: a password may hold an unescaped @. The pattern does not match the scheme: in
  // long text without one, that took quadratic time.
  return text.replace(/:\/\/[^\s/?#]*@/g, '://***@')
}
