// /health: the state of the gateway, for people and for monitoring. /health/live and /health/ready: for supervisors and
// load balancers, which read the status alone.

import Router from '@koa/router'
import { RequestError } from '../errors.js'
import { grantIn } from './access.js'
import type { HealthAnswer } from './answers.js'
import type { HttpDeps } from './deps.js'

export function healthRoutes(deps: HttpDeps): Router {
  const startedAtMs = performance.now()
  const router = new Router()
  router.get('/health', (ctx) => {
    if (grantIn(ctx) === null) {
      ctx.body = { ok: true }
      return
    }
    const { mode, ready, version, problem } = deps.relay
    const cameras = { connecting: 0, live: 0, stalled: 0, retrying: 0 }
    for (const { state } of deps.cameras.list()) if (state !== 'stopped') cameras[state]++
    const answer: HealthAnswer = {
      ok: true,
      version: deps.version,
      uptime_s: Math.round((performance.now() - startedAtMs) / 1000),
      mediamtx: { mode, ready, version, problem },
      state_file: { problem: deps.stateFileProblem() },
      cameras,
    }
    ctx.body = answer
  })
  router.get('/health/live', (ctx) => {
    ctx.body = { ok: true }
  })
  router.get('/health/ready', (ctx) => {
    const problems = deps.notReady(grantIn(ctx) !== null)
    if (problems.length > 0) throw new RequestError('ERR_NOT_READY', problems.join('; '))
    ctx.body = { ok: true }
  })
  return router
}
