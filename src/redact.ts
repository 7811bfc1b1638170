// Takes credentials out of text before it reaches a log, an error or a response.

/** `rtsp://user:password@host` becomes `rtsp://***@host`; works inside longer text. */
export function redact(text: string): string {
  // Up to the last @ before the path: passwords may hold an unescaped @.
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, '$1***@')
}
