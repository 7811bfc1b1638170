// Takes credentials out of text before it reaches a log, an error or a response.

/** `rtsp://user:password@host` becomes `rtsp://***@host`; works inside longer text. */
export function redact(text: string): string {
  // Up to the last @ before the path: passwords may hold an unescaped @. The scheme is
  // not looked for: in long text without one that took time by the square of its length.
  return text.replace(/:\/\/[^\s/?#]*@/g, '://***@')
}
