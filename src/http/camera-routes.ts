// /cameras: starts, stops and lists cameras.

import Router from '@koa/router'
import type { Context } from 'koa'
import getRawBody from 'raw-body'
import type { z } from 'zod'
import { fromJson, startRequestJson } from '../camera-settings.js'
import { messageOf, RequestError } from '../errors.js'
import { check } from '../validate.js'
import { stopRequestJson } from './answers.js'
import { describeCamera } from './camera-answer.js'
import type { HttpDeps } from './deps.js'

const MAX_BODY_BYTES = 64 * 1024
const BODY_LIMIT_MS = 10000

export function cameraRoutes(deps: HttpDeps): Router {
  const router = new Router()

  router.post('/cameras/start', async (ctx) => {
    const started = await deps.cameras.start(fromJson(await readBody(ctx, startRequestJson)))
    ctx.body = {
      ok: true,
      ...describeCamera(deps, started.camera, ctx.hostname),
      zmq_topic: started.topic,
      pub_fps: started.pubFps,
      scale_width: started.scaleWidth,
    }
  })

  router.post('/cameras/stop', async (ctx) => {
    const { name } = await readBody(ctx, stopRequestJson)
    await deps.cameras.stop(name)
    ctx.body = { ok: true }
  })

  router.get('/cameras', (ctx) => {
    ctx.body = { ok: true, cameras: deps.cameras.list().map((camera) => describeCamera(deps, camera, ctx.hostname)) }
  })

  router.get('/cameras/:name', (ctx) => {
    const name = ctx.params.name ?? ''
    const camera = deps.cameras.get(name)
    if (!camera) throw new RequestError('ERR_CAMERA_NOT_FOUND', `no camera "${name.slice(0, 80)}" is running`)
    ctx.body = { ok: true, camera: describeCamera(deps, camera, ctx.hostname) }
  })

  return router
}

async function readBody<Shape extends z.core.$ZodLooseShape>(
  ctx: Context,
  schema: z.ZodObject<Shape>,
): Promise<z.infer<z.ZodObject<Shape>>> {
  // Ignore Content-Type: curl -d sends that of a form.
  let text: string
  const limit = setTimeout(() => ctx.req.destroy(), BODY_LIMIT_MS)
  try {
    text = await getRawBody(ctx.req, { limit: MAX_BODY_BYTES, encoding: 'utf8', length: ctx.request.length ?? null })
  } catch (error) {
    if ((error as { type?: string }).type === 'entity.too.large') {
      throw new RequestError('ERR_BODY_TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES / 1024} KiB`)
    }
    throw new RequestError('ERR_BODY_INVALID', `the gateway could not read the body: ${messageOf(error)}`)
  } finally {
    clearTimeout(limit)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new RequestError(
      'ERR_JSON_INVALID',
      `the body is not valid JSON; expected an object with ${Object.keys(schema.shape).join(', ')}`,
    )
  }
  const checked = check(schema, value, 'field')
  if ('complaint' in checked) throw new RequestError('ERR_FIELD_INVALID', checked.complaint.message)
  return checked.value
}
