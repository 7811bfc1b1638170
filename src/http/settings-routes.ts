// /settings: which settings are in effect, for admins.

import Router from '@koa/router'
import { requireAdmin } from './access.js'
import type { HttpDeps } from './deps.js'
import type { SettingsAnswer } from './operator-answers.js'

export function settingsRoutes(deps: HttpDeps): Router {
  const router = new Router()
  router.get('/settings', (ctx) => {
    requireAdmin(ctx)
    const answer: SettingsAnswer = { ok: true, ...deps.settings() }
    ctx.set('Cache-Control', 'no-store')
    ctx.body = answer
  })
  return router
}
