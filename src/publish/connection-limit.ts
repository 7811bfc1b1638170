// Limits ZeroMQ's connections, and logs if some are refused.

import type { NativeAddon } from '../native.js'
import type { Logger } from '../types.js'

const CHECK_EVERY_MS = 1000
const LOG_EVERY_MS = 60000

/** @returns a function that ends the log, not the limit. */
export function limitZmqConnections(
  max: number,
  native: Pick<NativeAddon, 'limitZmqConnections' | 'refusedZmqConnections'>,
  logger: Logger,
): () => Promise<void> {
  if (!native.limitZmqConnections(max))
    logger.warn('ZeroMQ: the number of connections has no limit, because the zeromq package is built differently')
  let refused = native.refusedZmqConnections()
  let loggedAtMs = -Infinity
  const timer = setInterval(() => {
    const now = native.refusedZmqConnections()
    if (now === refused || performance.now() - loggedAtMs < LOG_EVERY_MS) return
    refused = now
    loggedAtMs = performance.now()
    logger.warn(`ZeroMQ: refusing connections beyond the limit of ${max}`)
  }, CHECK_EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    return Promise.resolve()
  }
}
