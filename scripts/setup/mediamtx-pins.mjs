// What set-up gets as MediaMTX, by version and hash; the values are in mediamtx-pins.json.

import { readFileSync } from 'node:fs'

export const pins = JSON.parse(readFileSync(new URL('./mediamtx-pins.json', import.meta.url), 'utf8'))

/** Both as "1.20.1". */
export function isOlder(version, than) {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number))
  const at = a.findIndex((part, i) => part !== b[i])
  return at !== -1 && a[at] < b[at]
}
