// Who sent a request, and whether the request needs a token. Every path needs one, unless it is listed here.

import type { Context, Middleware } from 'koa'
import type { Auth, Grant } from '../auth/auth.js'
import { RequestError } from '../errors.js'
import { parseTopic } from '../frames/rendition-topic.js'

/** What needs no token. /health and /session say less without one. */
const PUBLIC = /^(GET|HEAD) (\/|\/assets\/.*|\/docs|\/docs\/.*|\/openapi\.json|\/health(\/live|\/ready)?|\/session)$/
const PUBLIC_POST = ['/sign-in', '/sign-out']
/** Calls that change no camera. */
const VIEWER_POST = ['/tickets']
/** And topics of a request. Each ticket may be for each camera, so a request costs as much as their product. */
const MOST_TICKETS = 64
const TICKET_PATHS = ['/mjpeg', '/frames', '/snapshot']

/** @throws RequestError ERR_UNAUTHORIZED, ERR_FORBIDDEN */
export function accessControl(auth: Auth): Middleware {
  return async (ctx, next) => {
    const needed = roleNeeded(ctx.method, ctx.path)
    const grant = auth.anyone ?? grantOf(auth, ctx)
    ctx.state.grant = grant
    if (needed !== null && grant === null) {
      ctx.set('WWW-Authenticate', 'Bearer realm="Framegate"')
      const problem = ctx.get('Authorization') === '' ? 'requires a token' : 'does not know the token that was sent'
      throw new RequestError(
        'ERR_UNAUTHORIZED',
        `this gateway ${problem}: send "Authorization: Bearer TOKEN", or sign in on its page`,
      )
    }
    if (needed === 'admin') requireAdmin(ctx)
    await next()
  }
}

/** For reads that a viewer may not make. @throws RequestError ERR_FORBIDDEN */
export function requireAdmin(ctx: Context): void {
  if (grantIn(ctx)?.role === 'admin') return
  throw new RequestError(
    'ERR_FORBIDDEN',
    'this token may only watch; to start and stop cameras and to read the settings, use an admin token',
  )
}

/** null if the client sent no valid token. */
export function grantIn(ctx: Context): Grant | null {
  return (ctx.state as { grant?: Grant | null }).grant ?? null
}

/** Each gateway of a host has its own cookie: cookies know no ports. */
export function cookieName(ctx: Context): string {
  return `framegate_${ctx.req.socket.localPort ?? 0}`
}

function roleNeeded(method: string, path: string): 'viewer' | 'admin' | null {
  if (PUBLIC.test(`${method} ${path}`) || (method === 'POST' && PUBLIC_POST.includes(path))) return null
  if (method === 'GET' || method === 'HEAD') return 'viewer'
  return method === 'POST' && VIEWER_POST.includes(path) ? 'viewer' : 'admin'
}

function grantOf(auth: Auth, ctx: Context): Grant | null {
  const [scheme = '', credentials = ''] = ctx.get('Authorization').trim().split(/\s+/)
  if (/^bearer$/i.test(scheme)) return auth.ofToken(credentials)
  // For players that know nothing else: any user name, and the token as the password.
  if (/^basic$/i.test(scheme))
    return auth.ofToken(
      Buffer.from(credentials, 'base64')
        .toString()
        .replace(/^[^:]*:/, ''),
    )
  return grantOfTickets(auth, ctx) ?? grantOfCookie(auth, ctx)
}

/** The browser also sends the cookie for pages on other ports of this host, and those are not the gateway's. */
function grantOfCookie(auth: Auth, ctx: Context): Grant | null {
  const site = ctx.get('Sec-Fetch-Site')
  const origin = ctx.get('Origin')
  if (site !== '' && site !== 'same-origin' && site !== 'none') return null
  if (origin !== '' && !/^https?:\/\//.test(origin)) return null
  if (origin !== '' && origin.replace(/^https?:\/\//, '') !== ctx.host) return null
  const id = ctx.cookies.get(cookieName(ctx))
  return id === undefined ? null : auth.ofSession(id)
}

function grantOfTickets(auth: Auth, ctx: Context): Grant | null {
  if (!TICKET_PATHS.includes(ctx.path)) return null
  const tickets = [...new Set([ctx.query.ticket ?? []].flat())]
  const topics = [...new Set([ctx.query.cam ?? []].flat())]
  if (tickets.length > MOST_TICKETS || topics.length > MOST_TICKETS) return null
  const cameras = [...new Set(topics.map((topic) => parseTopic(topic)?.camera ?? ''))]
  const grants = cameras.map((camera) => tickets.map((ticket) => auth.ofTicket(ticket, camera)).find(Boolean) ?? null)
  return grants.every((grant) => grant !== null) ? (grants[0] ?? null) : null
}
