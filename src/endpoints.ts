// The gateway's own addresses, as callers are given them. Pure.

/** A host that is listened on, as it is written in a URL; a wildcard is reached at 127.0.0.1. */
export function inUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

const LOCAL_HOSTS = ['127.0.0.1', 'localhost', '[::1]', '::1']
const WILDCARD = /^tcp:\/\/(?:0\.0\.0\.0|\*|\[::\]):(\d+)$/

/**
 * The ZeroMQ endpoint for a caller that reached the gateway by `requestHost`: a wildcard endpoint at that host. A local
 * caller gets the first endpoint if there are several.
 */
export function endpointFor(bound: string[], requestHost: string): string {
  const open = bound.map((endpoint) => WILDCARD.exec(endpoint)).find((match) => match !== null)
  if (open && (!LOCAL_HOSTS.includes(requestHost) || bound.length === 1))
    return `tcp://${inUrl(requestHost)}:${open[1]}`
  return bound[0] ?? ''
}
