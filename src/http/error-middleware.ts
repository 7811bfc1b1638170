// Turns every error of a request into one JSON form, with the HTTP status of its code.

import type { Middleware } from 'koa'
import { httpStatusOf } from '../error-codes.js'
import { FramegateError, messageOf, RequestError } from '../errors.js'
import type { Logger } from '../types.js'

export function errorMiddleware(logger: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body == null && ctx.respond !== false)
        throw new RequestError(
          'ERR_NOT_FOUND',
          `the gateway has nothing at ${ctx.method} ${shownPath(ctx.path)}; see /openapi.json for all paths`,
        )
      // The router has set Allow. 501 is for the methods of RTSP and WebDAV, which Node's HTTP parser accepts.
      if ((ctx.status === 405 || ctx.status === 501) && !ctx.body)
        throw new RequestError('ERR_METHOD_NOT_ALLOWED', 'this path does not support that method; see /openapi.json')
    } catch (error) {
      const known = error instanceof FramegateError
      if (!known)
        logger.error(
          `HTTP ${ctx.method} ${shownPath(ctx.path)}: ${error instanceof Error ? error.stack : messageOf(error)}`,
        )
      const code = known ? error.code : 'ERR_INTERNAL'
      ctx.status = httpStatusOf(code)
      if (ctx.status === 503) ctx.set('Retry-After', '1')
      ctx.body = {
        ok: false,
        error: known ? error.message : 'an unexpected error inside the gateway; see its log for details',
        code,
      }
    }
  }
}

/** A path that may be an address, encoded in any way, stays out of responses and logs: it may hold a password. */
function shownPath(path: string): string {
  return /^[\w./-]{1,200}$/.test(path) ? path : 'this path'
}
