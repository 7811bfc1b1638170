// /cameras: start, stop, list.

import Router from '@koa/router'
import type { Context } from 'koa'
import getRawBody from 'raw-body'
import type { z } from 'zod'
import { cameraSettings, cameraSettingsJson, fromJson, startRequestJson, toJson } from '../camera-settings.js'
import { messageOf, RequestError } from '../errors.js'
import { check } from '../validate.js'
import type { CameraView, HttpParts } from './parts.js'
import { judgePlayability } from './playability.js'

const MAX_BODY_BYTES = 64 * 1024
const BODY_LIMIT_MS = 10000

// Without the address, which holds the password.
const shownSettings = cameraSettingsJson.omit({ rtsp: true })
const stopBody = cameraSettings.pick({ name: true })

export function cameraRoutes(parts: HttpParts): Router {
  const router = new Router()

  router.post('/cameras/start', async (ctx) => {
    const started = await parts.cameras.start(fromJson(await readBody(ctx, startRequestJson)))
    ctx.body = {
      ok: true,
      ...describe(parts, started.camera, ctx.hostname),
      zmq_topic: started.topic,
      pub_fps: started.pubFps,
      scale_width: started.scaleWidth,
    }
  })

  router.post('/cameras/stop', async (ctx) => {
    const { name } = await readBody(ctx, stopBody)
    await parts.cameras.stop(name)
    ctx.body = { ok: true }
  })

  router.get('/cameras', (ctx) => {
    ctx.body = { ok: true, cameras: parts.cameras.list().map((camera) => describe(parts, camera, ctx.hostname)) }
  })

  router.get('/cameras/:name', (ctx) => {
    const name = ctx.params.name ?? ''
    const camera = parts.cameras.get(name)
    if (!camera) throw new RequestError('ERR_CAMERA_NOT_FOUND', `there is no camera "${name.slice(0, 80)}"`)
    ctx.body = { ok: true, camera: describe(parts, camera, ctx.hostname) }
  })

  return router
}

function describe(parts: HttpParts, camera: CameraView, requestHost: string) {
  const host = requestHost || '127.0.0.1'
  const stats = camera.stats()
  const video = camera.videoFormat()
  const urls = parts.relay.urls(camera.name, host)
  const readers = parts.relay.readers(camera.name)
  const { preferred, ...playability } = judgePlayability(
    camera.stream,
    video.bFrames,
    urls.rtsp === null ? urls.reason : null,
  )
  return {
    state: camera.state,
    last_error: camera.lastError && {
      code: camera.lastError.code,
      message: camera.lastError.message,
      since: new Date(camera.lastError.sinceMs).toISOString(),
    },
    mediamtx_path: urls.rtsp === null ? null : camera.name,
    webrtc_whep: urls.webrtcWhep,
    hls: urls.hls,
    rtsp_url: urls.rtsp,
    mediamtx_reason: urls.reason,
    zmq_topic: camera.name,
    zmq_endpoint: parts.zmqEndpoint(host),
    ...shownSettings.parse(toJson(camera.settings)),
    transport: camera.transport,
    fps: Math.round(stats.fps * 10) / 10,
    age_ms: stats.ageMs === null ? null : Math.round(stats.ageMs),
    codec: camera.stream?.codec ?? null,
    audio: camera.stream?.audio ?? null,
    width: video.width,
    height: video.height,
    gop_length: video.gopLength,
    b_frames: video.bFrames,
    playability,
    preferred,
    decoding: stats.decoding,
    renditions: camera.renditionTopics,
    readers: { mjpeg: parts.frames.readers(camera.name), ...readers },
    mjpeg_readers: parts.frames.readers(camera.name),
    reconnects: camera.reconnects,
    started_at: new Date(camera.startedAtMs).toISOString(),
    frames_published: camera.framesPublished,
    frames_late: stats.late,
    frames_overwritten: stats.overwritten,
    frames_gated: stats.gateDropped,
  }
}

async function readBody<Shape extends z.core.$ZodLooseShape>(
  ctx: Context,
  schema: z.ZodObject<Shape>,
): Promise<z.infer<z.ZodObject<Shape>>> {
  // Whatever Content-Type says: curl -d sends a form's.
  let text: string
  const limit = setTimeout(() => ctx.req.destroy(), BODY_LIMIT_MS)
  try {
    text = await getRawBody(ctx.req, { limit: MAX_BODY_BYTES, encoding: 'utf8', length: ctx.request.length ?? null })
  } catch (error) {
    if ((error as { type?: string }).type === 'entity.too.large') {
      throw new RequestError('ERR_BODY_TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES / 1024} KiB`)
    }
    throw new RequestError('ERR_BODY_INVALID', `the body could not be read: ${messageOf(error)}`)
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
