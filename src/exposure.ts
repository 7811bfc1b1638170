// Which settings let other machines connect. Pure.

import { isLoopback } from './endpoints.js'
import type { Config } from './settings.js'

/** MediaMTX's listeners for readers. Without a host of their own, they listen on HTTP_HOST. */
const READER_PORTS = [
  'MTX_RTSPADDRESS',
  'MTX_RTSPSADDRESS',
  'MTX_HLSADDRESS',
  'MTX_WEBRTCADDRESS',
  'MTX_WEBRTCLOCALUDPADDRESS',
  'MTX_WEBRTCLOCALTCPADDRESS',
  'MTX_RTPADDRESS',
  'MTX_RTCPADDRESS',
  'MTX_SRTPADDRESS',
  'MTX_SRTCPADDRESS',
]

/** @returns `NAME=value` of a setting that opens a port to other machines; null if there is none. */
export function exposedSetting(config: Pick<Config, 'httpHost' | 'mediamtx'>, env: NodeJS.ProcessEnv): string | null {
  if (!isLoopback(config.httpHost)) return `HTTP_HOST=${config.httpHost}`
  if (config.mediamtx !== 'managed') return null
  for (const name of READER_PORTS) {
    const address = env[name] ?? ''
    const host = address.slice(0, Math.max(0, address.lastIndexOf(':')))
    if (host !== '' && !isLoopback(host)) return `${name}=${address}`
  }
  return null
}
