// /mjpeg, /frames and /snapshot.

import Router from '@koa/router'
import type { Context } from 'koa'
import { RequestError } from '../errors.js'
import { encodeFrameMessage } from '../frames/frame-message.js'
import { parseTopic } from '../frames/rendition-topic.js'
import type { Frame } from '../types.js'
import { CAMERA_NAME } from '../validate.js'
import { NewestFramesResponse } from './newest-frames-response.js'
import type { CameraView, HttpParts } from './parts.js'

const MJPEG_BOUNDARY = 'framegate'
const MAX_TOPICS = 64
// A frame younger than this is given out as it is; else the next one is waited for.
const FRESH_MS = 200
const SNAPSHOT_LIMIT_MS = 5000
// With a very low pub_fps the newest frame may be older; it is given with its age.
const SLOW_RATE_LIMIT_MS = 1000

export function frameRoutes(parts: HttpParts): Router {
  const router = new Router()

  router.get('/mjpeg', (ctx) => {
    const camera = cameraOf(parts, ctx)
    const headers = { 'Content-Type': `multipart/x-mixed-replace; boundary=${MJPEG_BOUNDARY}` }
    streamFrames(
      parts,
      ctx,
      [{ topic: camera.name, camera }],
      headers,
      encodeMjpegPart,
      Buffer.from(`--${MJPEG_BOUNDARY}\r\n`),
    )
  })

  // Many cameras in one response: browsers allow six HTTP/1.1 connections to a host.
  router.get('/frames', (ctx) => {
    const sources = topicsOf(parts, ctx)
    streamFrames(parts, ctx, sources, { 'Content-Type': 'application/octet-stream' }, encodeRecord)
  })

  router.get('/snapshot', async (ctx) => {
    const camera = cameraOf(parts, ctx)
    const frame = await newestFrame(parts, camera, ctx)
    if (!frame) {
      ctx.set('Retry-After', '1')
      const why = camera.lastError?.message ?? `it is ${camera.state}`
      throw new RequestError('ERR_FRAME_UNAVAILABLE', `camera "${camera.name}" has no frame to give: ${why}`)
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
      'Access-Control-Expose-Headers':
        'X-Age-Ms, X-Seq, X-Received-At-Us, X-Published-At-Us, X-Captured-At-Us, X-Width, X-Height',
    })
    ctx.body = frame.jpegBytes
  })

  return router
}

interface Source {
  topic: string
  camera: CameraView
}

function streamFrames(
  parts: HttpParts,
  ctx: Context,
  sources: Source[],
  headers: Record<string, string>,
  encode: (frame: Frame) => Buffer,
  first?: Buffer,
): void {
  ctx.respond = false // The stream writes to the response itself.
  const response = ctx.res
  response.writeHead(200, { ...headers, 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no', Connection: 'close' })
  response.flushHeaders()
  if (first) response.write(first)
  const stream = new NewestFramesResponse(response, encode, parts.tcpQueue)
  const ends = sources.map(({ topic }) => {
    const newest = parts.frames.newest(topic)
    const end = parts.frames.read(topic, (frame) => stream.offer(frame))
    if (newest && ageMs(newest) < FRESH_MS) stream.offer(newest)
    return end
  })
  // Cameras that are stopped will never deliver: their readers are told by the end.
  const watch = setInterval(() => {
    if (sources.every(({ camera }) => camera.state === 'stopped')) response.end()
  }, 500)
  response.once('close', () => {
    clearInterval(watch)
    for (const end of ends) end()
  })
}

function encodeMjpegPart(frame: Frame): Buffer {
  const head =
    `Content-Type: image/jpeg\r\nContent-Length: ${frame.jpegBytes.length}\r\n` +
    `X-Seq: ${frame.seq}\r\nX-Received-At-Us: ${frame.receivedAtUs}\r\nX-Published-At-Us: ${frame.publishedAtUs}\r\n\r\n`
  // The next boundary goes with this frame: browsers show a part when they see its end.
  return Buffer.concat([Buffer.from(head), frame.jpegBytes, Buffer.from(`\r\n--${MJPEG_BOUNDARY}\r\n`)])
}

/** A wire message behind its length (u32 LE). */
function encodeRecord(frame: Frame): Buffer {
  const message = encodeFrameMessage(frame)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(message.length)
  return Buffer.concat([length, message])
}

/** The topics of cam=a&cam=b@320w5fps. */
function topicsOf(parts: HttpParts, ctx: Context): Source[] {
  refuseOthers(ctx)
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
    if (!parsed)
      throw new RequestError(
        'ERR_FIELD_INVALID',
        `cam: expected the name of a camera, or a rendition such as lobby-1@320w5fps; got "${topic.slice(0, 80)}"`,
      )
    const camera = parts.cameras.get(parsed.camera)
    if (!camera) throw new RequestError('ERR_CAMERA_NOT_FOUND', `cam: there is no camera "${parsed.camera}"`)
    return { topic, camera }
  })
}

function refuseOthers(ctx: Context): void {
  const unknown = Object.keys(ctx.query).find((key) => key !== 'cam')
  if (unknown !== undefined)
    throw new RequestError('ERR_FIELD_INVALID', `unknown parameter "${unknown.slice(0, 80)}"; known is cam`)
}

function ageMs(frame: Frame): number {
  return performance.now() - frame.receivedAtMs
}

function cameraOf(parts: HttpParts, ctx: Context): CameraView {
  refuseOthers(ctx)
  const cam = ctx.query.cam
  if (typeof cam !== 'string' || !CAMERA_NAME.test(cam)) {
    throw new RequestError('ERR_FIELD_INVALID', 'cam: expected the name of a camera, such as /mjpeg?cam=lobby-1')
  }
  const camera = parts.cameras.get(cam)
  if (!camera) throw new RequestError('ERR_CAMERA_NOT_FOUND', `cam: there is no camera "${cam}"`)
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
