// /mjpeg and /snapshot.

import Router from '@koa/router'
import type { Context } from 'koa'
import { FrameError, NotFoundError, RequestError } from '../errors.js'
import type { Frame } from '../types.js'
import { CAMERA_NAME } from '../validate.js'
import { MJPEG_BOUNDARY, MjpegStream } from './mjpeg-stream.js'
import type { CameraView, HttpParts } from './parts.js'

// A frame younger than this is given out as it is; else the next one is waited for.
const FRESH_MS = 200
const SNAPSHOT_LIMIT_MS = 5000
// With a very low pub_fps the newest frame may be older; it is given with its age.
const SLOW_RATE_LIMIT_MS = 1000

export function frameRoutes(parts: HttpParts): Router {
  const router = new Router()

  router.get('/mjpeg', (ctx) => {
    const camera = cameraOf(parts, ctx)
    ctx.respond = false // The stream writes to the response itself.
    const response = ctx.res
    response.writeHead(200, {
      'Content-Type': `multipart/x-mixed-replace; boundary=${MJPEG_BOUNDARY}`,
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
      Connection: 'close',
    })
    response.flushHeaders()
    const stream = new MjpegStream(response, parts.tcpQueue)
    const newest = parts.frames.newest(camera.name)
    const end = parts.frames.read(camera.name, (frame) => stream.offer(frame))
    if (newest && ageMs(newest) < FRESH_MS) stream.offer(newest)
    // A camera that is stopped will never deliver: its readers are told by the end.
    const watch = setInterval(() => {
      if (camera.state === 'stopped') response.end()
    }, 500)
    response.once('close', () => {
      clearInterval(watch)
      end()
    })
  })

  router.get('/snapshot', async (ctx) => {
    const camera = cameraOf(parts, ctx)
    const frame = await newestFrame(parts, camera, ctx)
    if (!frame) {
      ctx.set('Retry-After', '1')
      const why = camera.lastError?.message ?? `it is ${camera.state}`
      throw new FrameError(`camera "${camera.name}" has no frame to give: ${why}`)
    }
    ctx.type = 'image/jpeg'
    ctx.set({
      'Cache-Control': 'no-store',
      'X-Age-Ms': String(Math.max(0, Math.round(ageMs(frame)))),
      'X-Seq': String(frame.seq),
      'X-Received-At-Us': String(frame.receivedAtUs),
      'X-Published-At-Us': String(frame.publishedAtUs),
      ...(frame.capturedAtUs === null ? {} : { 'X-Captured-At-Us': String(frame.capturedAtUs) }),
      'X-Width': String(frame.width),
      'X-Height': String(frame.height),
      'Access-Control-Expose-Headers': 'X-Age-Ms, X-Seq, X-Received-At-Us, X-Published-At-Us, X-Captured-At-Us, X-Width, X-Height',
    })
    ctx.body = frame.jpegBytes
  })

  return router
}

function ageMs(frame: Frame): number {
  return Date.now() - frame.receivedAtUs / 1000
}

function cameraOf(parts: HttpParts, ctx: Context): CameraView {
  const { cam, ...others } = ctx.query
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined) throw new RequestError(`unknown parameter "${unknown.slice(0, 80)}"; known is cam`, 'ERR_FIELD_INVALID')
  if (typeof cam !== 'string' || !CAMERA_NAME.test(cam)) {
    throw new RequestError('cam: expected the name of a camera, such as /mjpeg?cam=lobby-1', 'ERR_FIELD_INVALID')
  }
  const camera = parts.cameras.get(cam)
  if (!camera) throw new NotFoundError(`cam: there is no camera "${cam}"`)
  return camera
}

/** The newest frame, or the next one; undefined where none comes in time. */
function newestFrame(parts: HttpParts, camera: CameraView, ctx: Context): Promise<Frame | undefined> {
  const known = parts.frames.newest(camera.name)
  if (known && ageMs(known) < FRESH_MS) return Promise.resolve(known)
  return new Promise((resolve) => {
    const done = (frame: Frame | undefined) => {
      clearTimeout(timer)
      ctx.req.off('close', gone)
      end()
      resolve(frame)
    }
    const gone = () => done(undefined)
    const end = parts.frames.read(camera.name, (frame) => done(frame))
    const slow = known !== undefined && camera.state === 'live'
    const timer = setTimeout(
      () => done(camera.state === 'live' ? parts.frames.newest(camera.name) : undefined),
      slow ? SLOW_RATE_LIMIT_MS : SNAPSHOT_LIMIT_MS,
    )
    ctx.req.once('close', gone)
  })
}
