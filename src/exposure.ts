// Which settings let other machines connect. Pure.

import { isLoopback } from './endpoints.js'
import { READER_LISTENERS } from './mediamtx/addresses.js'
import type { Config } from './settings.js'

/** @returns `NAME=value` of a setting that opens a port to other machines; null if there is none. */
export function exposedSetting(config: Pick<Config, 'httpHost' | 'mediamtx'>, env: NodeJS.ProcessEnv): string | null {
  if (!isLoopback(config.httpHost)) return `HTTP_HOST=${config.httpHost}`
  if (config.mediamtx !== 'managed') return null
  // Without a host of their own, MediaMTX's listeners use HTTP_HOST.
  for (const [name] of READER_LISTENERS) {
    const address = env[name] ?? ''
    const host = address.slice(0, Math.max(0, address.lastIndexOf(':')))
    if (host !== '' && !isLoopback(host)) return `${name}=${address}`
  }
  return null
}
