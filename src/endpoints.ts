// The gateway's own addresses, as its clients see them. Pure.

import { isIPv4 } from 'node:net'

/** A host to listen on, as a URL that reaches it writes it: 127.0.0.1 for a wildcard, brackets around IPv6. */
export function inUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

/** Whether only this machine reaches the host. A name other than localhost counts as reachable: it may resolve to anything. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'))
}

/** Whether only this machine reaches a ZeroMQ endpoint. */
export function isLocalEndpoint(endpoint: string): boolean {
  const host = /^tcp:\/\/(.*):[^:]*$/.exec(endpoint)?.[1]
  return host === undefined || isLoopback(host)
}

/** Whether ZeroMQ needs its `ipv6` option to bind the endpoint: it names an IPv6 address, or all addresses. */
export function needsIpv6(endpoint: string): boolean {
  return endpoint.startsWith('tcp://[') || endpoint.startsWith('tcp://*:')
}

const LOCAL_HOSTS = ['127.0.0.1', 'localhost', '[::1]', '::1']
const WILDCARD = /^tcp:\/\/(0\.0\.0\.0|\*|\[::\]):(\d+)$/

/**
 * The ZeroMQ endpoint for a client that reached the gateway by `requestHost`: one at that host, a wildcard at that host,
 * or one that other machines reach. If there are several endpoints, a local client gets the first.
 */
export function endpointFor(bound: string[], requestHost: string): string {
  const local = LOCAL_HOSTS.includes(requestHost)
  if (local && bound.length > 1) return bound[0]!
  const atHost = bound.find((endpoint) => endpoint.startsWith(`tcp://${inUrl(requestHost)}:`))
  const open = bound.map((endpoint) => WILDCARD.exec(endpoint)).find((match) => match !== null)
  if (atHost || !open) return atHost ?? bound.find((endpoint) => !isLocalEndpoint(endpoint)) ?? bound[0] ?? ''
  const [, wildcard, port] = open
  // 0.0.0.0 does not accept IPv6.
  const host = local && wildcard === '0.0.0.0' ? '127.0.0.1' : inUrl(requestHost)
  return `tcp://${host}:${port}`
}

interface PublicNames {
  httpHost: string
  mediamtxPublicHost?: string | undefined
  mediamtxPublicWebrtc?: string | undefined
  mediamtxPublicHls?: string | undefined
}

/** The names of this machine, and those that the settings give it. @param hostname of the machine. */
export function ownNames(settings: PublicNames, hostname: string): string[] {
  const { httpHost, mediamtxPublicHost = httpHost, mediamtxPublicWebrtc, mediamtxPublicHls } = settings
  const proxies = [mediamtxPublicWebrtc, mediamtxPublicHls].filter((address) => address !== undefined)
  const [label = hostname] = hostname.split('.')
  const names = [hostname, label, `${label}.local`, httpHost, mediamtxPublicHost]
  return [...new Set([...names, ...proxies.map((address) => new URL(address).hostname)])].filter(Boolean)
}
