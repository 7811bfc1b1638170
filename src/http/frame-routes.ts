// /mjpeg, /frames and /snapshot.

import Router from '@koa/router'
import type { Context } from 'koa'
import { CAMERA_NAME } from '../camera-settings.js'
import { RequestError } from '../errors.js'
import { encodeFrameMessage } from '../frames/frame-message.js'
import { parseTopic } from '../frames/rendition-topic.js'
import type { CameraView, Frame } from '../types.js'
import { shown } from '../validate.js'
import type { HttpDeps } from './deps.js'
import { streamFrames, type StreamFormat } from './frame-stream.js'
import { noFrame, requireHope, type Source } from './no-frame.js'

const MJPEG_BOUNDARY = 'framegate'
const MAX_TOPICS = 64
// Return a younger frame at once; otherwise wait for the next one.
const FRESH_MS = 200
const SNAPSHOT_LIMIT_MS = 5000
// With a very low pub_fps the newest frame may be older; return it, with its age.
const SLOW_RATE_LIMIT_MS = 1000

export function frameRoutes(deps: HttpDeps): Router {
  const router = new Router()
  const limits = deps.readerLimits

  router.get('/mjpeg', (ctx) => {
    const camera = cameraOf(deps, ctx)
    streamFrames(deps, limits, ctx, [{ topic: camera.name, camera }], MJPEG)
  })

  // Many cameras in one response: browsers open at most six HTTP/1.1 connections to a host.
  router.get('/frames', (ctx) => {
    streamFrames(deps, limits, ctx, sourcesOf(deps, ctx), RECORDS)
  })

  router.get('/snapshot', async (ctx) => {
    const camera = cameraOf(deps, ctx)
    requireHope([{ topic: camera.name, camera }])
    const leave = limits.enter([camera.name])
    const frame = await newestFrame(deps, camera, ctx).finally(leave)
    if (!frame) throw noFrame(camera)
    const facts = factsOf(frame)
    ctx.type = 'image/jpeg'
    ctx.set({ 'Cache-Control': 'no-store', ...facts, 'Access-Control-Expose-Headers': Object.keys(facts).join(', ') })
    ctx.body = frame.jpegBytes
  })

  return router
}

/** The headers of a snapshot that describe its frame. */
function factsOf(frame: Frame): Record<string, string> {
  return {
    'X-Age-Ms': String(Math.max(0, Math.round(ageMs(frame)))),
    'X-Seq': String(frame.seq),
    'X-Received-At-Us': String(frame.receivedAtUs),
    'X-Published-At-Us': String(frame.publishedAtUs),
    ...(frame.capturedAtUs === null ? {} : { 'X-Captured-At-Us': String(frame.capturedAtUs) }),
    'X-Width': String(frame.width),
    'X-Height': String(frame.height),
  }
}

const MJPEG: StreamFormat = {
  contentType: `multipart/x-mixed-replace; boundary=${MJPEG_BOUNDARY}`,
  begin: `--${MJPEG_BOUNDARY}\r\n`,
  encode: (frame) => {
    const head =
      `Content-Type: image/jpeg\r\nContent-Length: ${frame.jpegBytes.length}\r\n` +
      `X-Seq: ${frame.seq}\r\nX-Received-At-Us: ${frame.receivedAtUs}\r\nX-Published-At-Us: ${frame.publishedAtUs}\r\n\r\n`
    // Send the next boundary with this frame: browsers show a part when they see its end.
    return Buffer.concat([Buffer.from(head), frame.jpegBytes, Buffer.from(`\r\n--${MJPEG_BOUNDARY}\r\n`)])
  },
}

/** Wire messages, each after its length (u32 LE). */
const RECORDS: StreamFormat = {
  contentType: 'application/octet-stream',
  begin: '',
  encode: (frame) => {
    const message = encodeFrameMessage(frame)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(message.length)
    return Buffer.concat([length, message])
  },
}

/** The topics of cam=a&cam=b@320w5fps. */
function sourcesOf(deps: HttpDeps, ctx: Context): Source[] {
  allowOnlyCam(ctx)
  const given = ctx.query.cam
  const topics = new Set(typeof given === 'string' ? [given] : (given ?? []))
  if (topics.size === 0 || topics.size > MAX_TOPICS) {
    throw new RequestError(
      'ERR_FIELD_INVALID',
      `cam: expected 1 to ${MAX_TOPICS} cameras or renditions, such as /frames?cam=lobby-1&cam=door@320w5fps`,
    )
  }
  return [...topics].map((topic) => {
    const parsed = parseTopic(topic)
    if (!parsed) {
      throw new RequestError(
        'ERR_FIELD_INVALID',
        `cam: expected the name of a camera, or a rendition such as lobby-1@320w5fps; got ${shown(topic)}`,
      )
    }
    return { topic, camera: findCamera(deps, parsed.camera) }
  })
}

function cameraOf(deps: HttpDeps, ctx: Context): CameraView {
  allowOnlyCam(ctx)
  const { cam } = ctx.query
  if (typeof cam !== 'string' || !CAMERA_NAME.test(cam)) {
    throw new RequestError('ERR_FIELD_INVALID', 'cam: expected the name of a camera, as in /mjpeg?cam=lobby-1')
  }
  return findCamera(deps, cam)
}

function findCamera(deps: HttpDeps, name: string): CameraView {
  const camera = deps.cameras.get(name)
  if (!camera) throw new RequestError('ERR_CAMERA_NOT_FOUND', `cam: no camera "${name}" is running`)
  return camera
}

function allowOnlyCam(ctx: Context): void {
  const unknown = Object.keys(ctx.query).find((key) => key !== 'cam' && key !== 'ticket')
  if (unknown !== undefined)
    throw new RequestError(
      'ERR_FIELD_INVALID',
      `unknown parameter ${shown(unknown)}; the only parameters are cam and ticket`,
    )
}

function ageMs(frame: Frame): number {
  return performance.now() - frame.receivedAtMs
}

/** The newest frame if it is fresh, otherwise the next one; undefined if none arrives in time. */
async function newestFrame(deps: HttpDeps, camera: CameraView, ctx: Context): Promise<Frame | undefined> {
  const known = deps.frames.current(camera.name)
  if (known && ageMs(known) < FRESH_MS) return known
  const next = await nextFrame(deps, camera, ctx, known ? SLOW_RATE_LIMIT_MS : SNAPSHOT_LIMIT_MS)
  return next ?? deps.frames.current(camera.name)
}

/** @returns undefined if no frame arrives within the limit, the camera refuses, or the client disconnects. */
function nextFrame(deps: HttpDeps, camera: CameraView, ctx: Context, limitMs: number): Promise<Frame | undefined> {
  return new Promise((resolve) => {
    const done = (frame?: Frame) => {
      clearTimeout(timer)
      ctx.req.off('close', gone)
      camera.off('state', onState)
      end()
      resolve(frame)
    }
    const gone = () => done()
    const onState = () => void (camera.refusal !== null && done())
    const end = deps.frames.read(camera.name, done)
    const timer = setTimeout(done, limitMs)
    ctx.req.once('close', gone)
    camera.on('state', onState)
  })
}
