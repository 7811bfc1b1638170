// Signing in on the page, and tickets for players that can only take an address.

import Router from '@koa/router'
import { RequestError } from '../errors.js'
import { cookieName, grantIn } from './access.js'
import { signInJson, ticketRequestJson, type SessionAnswer } from './answers.js'
import { readBody } from './body.js'
import type { HttpDeps } from './deps.js'

export function sessionRoutes({ auth, cameras }: HttpDeps): Router {
  const router = new Router()

  router.get('/session', (ctx) => {
    const answer: SessionAnswer = { ok: true, token_required: auth.required, role: grantIn(ctx)?.role ?? null }
    ctx.set('Cache-Control', 'no-store')
    ctx.body = answer
  })

  router.post('/sign-in', async (ctx) => {
    const { token } = await readBody(ctx, signInJson)
    const grant = auth.ofToken(token)
    if (!grant) throw new RequestError('ERR_UNAUTHORIZED', 'token: the gateway does not know this token')
    const options = { httpOnly: true, sameSite: 'strict', secure: ctx.secure } as const
    ctx.cookies.set(cookieName(ctx), auth.signIn(grant), options)
    ctx.body = { ok: true, token_required: auth.required, role: grant.role } satisfies SessionAnswer
  })

  router.post('/sign-out', (ctx) => {
    const id = ctx.cookies.get(cookieName(ctx))
    if (id !== undefined) auth.signOut(id)
    ctx.cookies.set(cookieName(ctx))
    ctx.body = { ok: true }
  })

  router.post('/tickets', async (ctx) => {
    const { name, valid_s } = await readBody(ctx, ticketRequestJson)
    if (!cameras.get(name)) throw new RequestError('ERR_CAMERA_NOT_FOUND', `name: no camera "${name}" is running`)
    const { ticket, endsAtS } = auth.ticketFor(grantIn(ctx)!, name, valid_s)
    ctx.body = { ok: true, ticket, expires_at: new Date(endsAtS * 1000).toISOString() }
  })

  return router
}
