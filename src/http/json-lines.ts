// Ends each JSON response with a line feed, so that a shell's prompt begins on a line of its own.

import type { Middleware } from 'koa'

export const jsonLines: Middleware = async (ctx, next) => {
  await next()
  const body: unknown = ctx.body
  // Not a stream or a buffer.
  if (typeof body === 'object' && body !== null && Object.getPrototypeOf(body) === Object.prototype)
    ctx.body = `${JSON.stringify(body)}\n`
}
