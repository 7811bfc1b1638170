// Applies browser-rules.ts to each request, before anything else sees it.

import cors from '@koa/cors'
import type { Context, Middleware } from 'koa'
import { RequestError } from '../errors.js'
import { foreignPage, hostAllowed, originAllowed, type BrowserSettings } from './browser-rules.js'

/** @throws RequestError ERR_HOST_REFUSED, ERR_ORIGIN_REFUSED */
export function browserGuard(settings: BrowserSettings): Middleware {
  return async (ctx, next) => {
    if (!hostAllowed(ctx.host, settings))
      throw new RequestError(
        'ERR_HOST_REFUSED',
        `the gateway does not accept the host name "${ctx.hostname.slice(0, 80)}"; call it by its IP address, or add the name to ALLOWED_HOSTS`,
      )
    const page = foreignPage(ctx.method, ctx.req.headers, ctx.host)
    const listed = page !== null && originAllowed(page, ctx.host, settings)
    // Without Sec-Fetch-Site, a Referer does not show whether the page embeds the answer or links to it: the headers
    // below keep it from embedding.
    const links = ctx.req.headers.origin === undefined && ctx.req.headers['sec-fetch-site'] === undefined
    if (page !== null && !listed && !links)
      throw new RequestError(
        'ERR_ORIGIN_REFUSED',
        page === 'null'
          ? 'a page whose origin the browser hides must not use this gateway; open the page from a web server'
          : `a page of ${page.slice(0, 80)} must not use this gateway; add its origin to CORS_ORIGINS to allow it`,
      )
    ctx.set('Cross-Origin-Resource-Policy', listed ? 'cross-origin' : 'same-origin')
    ctx.set('X-Frame-Options', 'DENY')
    await next()
  }
}

/** The headers that let the pages of CORS_ORIGINS read the answers. */
export function corsHeaders(settings: BrowserSettings): Middleware {
  return cors({
    origin: (ctx: Context) => {
      const origin = ctx.get('Origin')
      return originAllowed(origin, ctx.host, settings) ? origin : ''
    },
    maxAge: 600,
    privateNetworkAccess: true,
  })
}
