// /metrics: what monitoring reads (src/metrics).

import Router from '@koa/router'
import type { HttpDeps } from './deps.js'

export function metricsRoutes(deps: HttpDeps): Router {
  const router = new Router()
  router.get('/metrics', async (ctx) => {
    const text = await deps.metrics.text()
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Content-Type', deps.metrics.contentType)
    ctx.body = text
  })
  return router
}
