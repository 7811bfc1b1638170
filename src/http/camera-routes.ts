// /cameras: starts, stops and lists cameras.

import Router from '@koa/router'
import type { Context } from 'koa'
import { fromJson, startRequestJson } from '../camera-settings.js'
import { RequestError } from '../errors.js'
import { redact } from '../redact.js'
import type { CameraView } from '../types.js'
import { shown } from '../validate.js'
import { grantIn } from './access.js'
import { stopRequestJson } from './answers.js'
import { readBody } from './body.js'
import { callerOf } from './caller.js'
import { describeCamera, describeEvents, withRealAddress } from './camera-answer.js'
import type { HttpDeps } from './deps.js'

export function cameraRoutes(deps: HttpDeps): Router {
  const router = new Router()
  const described = (camera: CameraView, ctx: Context) => {
    return describeCamera(deps, camera, { host: ctx.hostname, grant: grantIn(ctx) })
  }

  router.post('/cameras/start', async (ctx) => {
    const request = fromJson(await readBody(ctx, startRequestJson))
    const real = withRealAddress(request, deps.cameras.get(request.name))
    const started = await deps.cameras.start(real, 'api', callerOf(ctx))
    ctx.body = {
      ok: true,
      ignored: started.ignored,
      replaced: started.replaced === null ? null : redact(started.replaced),
      ...described(started.camera, ctx),
      zmq_topic: started.topic,
      lane: deps.lane(started.topic),
      pub_fps: started.pubFps,
      scale_width: started.scaleWidth,
    }
  })

  router.post('/cameras/stop', async (ctx) => {
    const { name } = await readBody(ctx, stopRequestJson)
    const stopped = await deps.cameras.stop(name, callerOf(ctx))
    ctx.body = { ok: true, stopped }
  })

  router.get('/cameras', (ctx) => {
    ctx.body = { ok: true, cameras: deps.cameras.list().map((camera) => described(camera, ctx)) }
  })

  const named = (name = '') => {
    const camera = deps.cameras.get(name)
    if (!camera) throw new RequestError('ERR_CAMERA_NOT_FOUND', `no camera ${shown(name)} is running`)
    return camera
  }

  router.get('/cameras/:name', (ctx) => {
    ctx.body = { ok: true, camera: described(named(ctx.params.name), ctx) }
  })

  router.get('/cameras/:name/events', (ctx) => {
    const events = describeEvents(named(ctx.params.name), grantIn(ctx)?.role === 'admin')
    ctx.body = { ok: true, events }
  })

  return router
}
