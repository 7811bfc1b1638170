// What web pages may do. A browser sends requests for any page that a person opens, so the gateway accepts only its own
// pages and those that CORS_ORIGINS lists. Programs such as curl send none of these headers. Pure.

import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

export interface BrowserSettings {
  /** Host names, besides IP addresses and localhost. */
  allowedHosts: readonly string[]
  /** Origins of other pages; `*` as the port is any port, `*` alone is any page. */
  corsOrigins: readonly string[]
}

/** Against DNS rebinding: a page's own name may resolve to the gateway's address. @param host the Host header. */
export function hostAllowed(host: string, settings: BrowserSettings): boolean {
  const name = hostNameOf(host)
  if (name === '' || name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0) return true
  return settings.allowedHosts.some((allowed) => allowed.toLowerCase() === name)
}

/** @param host the Host header of the request, or what the reverse proxy forwarded. */
export function originAllowed(origin: string, host: string, settings: BrowserSettings): boolean {
  return isOwn(origin, host) || settings.corsOrigins.some((allowed) => matches(origin, allowed))
}

/**
 * The origin of the page that caused the request; null if it is the gateway's own, or if no page did. `null` as text, which
 * is never allowed, if the browser hides it.
 */
export function foreignPage(method: string, headers: IncomingHttpHeaders, host: string): string | null {
  if (headers.origin !== undefined) return isOwn(headers.origin, host) ? null : headers.origin
  const site = headers['sec-fetch-site']
  const reads = method === 'GET' || method === 'HEAD'
  const referer = reads ? originOf(headers.referer) : 'null'
  if (site === undefined) return referer === 'null' || isOwn(referer, host) ? null : referer
  if (site === 'none' || site === 'same-origin') return null
  // A link: the page that leads here does not see the answer.
  const opens = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return reads && opens ? null : referer
}

/**
 * Whether MediaMTX serves the page that caused a request. Besides those of CORS_ORIGINS, these are pages of this host on any
 * port, since the gateway's own have another port than MediaMTX.
 */
export function mayWatch(method: string, headers: IncomingHttpHeaders, settings: BrowserSettings): boolean {
  const { host = '', origin } = headers
  if (!hostAllowed(host, settings)) return false
  // Without these two headers, a page can show the answer to a person but not read it.
  if (origin === undefined && headers['sec-fetch-site'] === undefined) return true
  const page = foreignPage(method, headers, host)
  if (page === null || originAllowed(page, host, settings)) return true
  const name = URL.canParse(page) ? new URL(page).hostname : ''
  return name !== '' && (name === hostNameOf(host) || settings.allowedHosts.some((own) => own.toLowerCase() === name))
}

function originOf(address: string | undefined): string {
  return address !== undefined && URL.canParse(address) ? new URL(address).origin : 'null'
}

function isOwn(origin: string, host: string): boolean {
  return /^https?:\/\/(.+)$/i.exec(origin)?.[1]?.toLowerCase() === host.toLowerCase()
}

function matches(origin: string, allowed: string): boolean {
  if (allowed === '*') return true
  const [given, listed] = [origin.toLowerCase(), allowed.toLowerCase()]
  if (!listed.endsWith(':*')) return given === listed
  const stem = listed.slice(0, -2)
  return given === stem || (given.startsWith(`${stem}:`) && /^\d+$/.test(given.slice(stem.length + 1)))
}

/** In lower case and without the port and a final dot. */
function hostNameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}
