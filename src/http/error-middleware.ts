// Every error of a request as one JSON form, with the HTTP status that its code has.

import type { Middleware } from 'koa'
import { httpStatusOf } from '../error-codes.js'
import { FramegateError, messageOf, RequestError } from '../errors.js'
import type { Logger } from '../types.js'

export function errorMiddleware(logger: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body == null && ctx.respond !== false)
        throw new RequestError('ERR_NOT_FOUND', `there is nothing at ${ctx.method} ${ctx.path.slice(0, 200)}`)
    } catch (error) {
      const known = error instanceof FramegateError
      if (!known)
        logger.error(`HTTP ${ctx.method} ${ctx.path}: ${error instanceof Error ? error.stack : messageOf(error)}`)
      const code = known ? error.code : 'ERR_INTERNAL'
      ctx.status = httpStatusOf(code)
      ctx.body = { ok: false, error: known ? error.message : 'an error inside the gateway; its log says more', code }
    }
  }
}
