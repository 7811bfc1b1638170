// Who sent a request.

import type { Context } from 'koa'
import type { IncomingMessage } from 'node:http'

/** The address of the client; behind a trusted proxy, the last one of X-Forwarded-For, which the proxy has added. */
export function addressOf({ headers, socket }: IncomingMessage, trustProxy: boolean): string {
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join().split(',').at(-1)?.trim() ?? ''
  return (trustProxy && forwarded !== '' ? forwarded : socket.remoteAddress) ?? ''
}

/** For the log: "curl/8.5.0 at 192.168.1.7". The client chooses its name, so it is short and plain. */
export function callerOf(ctx: Context): string {
  const agent = ctx.get('User-Agent')
  const product = /^[\w.+-]{1,30}(?:\/[\w.+-]{1,20})?/.exec(agent)?.[0] ?? 'a client'
  const address = ctx.ip.replace(/^::ffff:/, '').slice(0, 45) || 'an unknown address'
  return `${agent.startsWith('Mozilla/') ? 'a browser' : product} at ${address}`
}
