// A response that streams frames: refuses what it cannot serve, and ends everything that belongs to it.

import type { Context } from 'koa'
import { RequestError } from '../errors.js'
import type { CameraState, Frame } from '../types.js'
import { grantIn } from './access.js'
import type { HttpDeps } from './deps.js'
import { NewestFramesResponse } from './newest-frames-response.js'
import { requireHope, type Source } from './no-frame.js'
import { mayStream } from './pipelining.js'
import type { ReaderLimits } from './reader-limits.js'

export interface StreamFormat {
  contentType: string
  /** Sent before the first frame. */
  begin: string
  encode: (frame: Frame) => Buffer
}

/**
 * Streams until the reader disconnects or all cameras have stopped.
 * @throws RequestError ERR_PIPELINED, ERR_TOO_MANY_READERS, ERR_FRAME_UNAVAILABLE
 */
export function streamFrames(
  deps: HttpDeps,
  limits: ReaderLimits,
  ctx: Context,
  sources: Source[],
  format: StreamFormat,
): void {
  requireHope(sources)
  const headers = { 'Content-Type': format.contentType, 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' }
  if (ctx.method === 'HEAD') {
    ctx.set(headers)
    ctx.status = 200
    return
  }
  const response = ctx.res
  const { socket } = response
  // Node gives the socket to one response at a time. One that waits for it never learns that the client has gone.
  if (socket === null)
    throw new RequestError(
      'ERR_PIPELINED',
      'a stream of frames cannot be pipelined; wait for the previous response, or use another connection',
    )
  const ends = [limits.enter(sources.map(({ camera }) => camera.name))]
  ctx.respond = false // The stream writes to the response itself.
  if (!mayStream(socket)) return ends[0]?.()
  response.writeHead(200, { ...headers, Connection: 'close' })
  response.flushHeaders()
  if (format.begin !== '') response.write(format.begin)

  const stream = new NewestFramesResponse(response, deps.frames, format.encode, deps.tcpQueue)
  ends.push(...sources.map(({ topic }) => readTopic(deps, topic, stream)))
  const over = () => {
    for (const end of ends.splice(0)) end()
  }
  const end = () => {
    over()
    stream.end()
  }
  ends.push(whenStopped(sources, end), whenRevoked(deps, ctx, end))
  response.once('close', over)
  socket.once('close', over)
}

/** Offers the topic's newest frame if it is current, then every new one. @returns a function that ends this. */
function readTopic(deps: HttpDeps, topic: string, stream: NewestFramesResponse): () => void {
  const end = deps.frames.read(topic, () => stream.offer(topic))
  if (deps.frames.current(topic)) stream.offer(topic)
  return end
}

/** Calls back when all cameras have stopped. @returns a function that ends this. */
function whenStopped(sources: Source[], stopped: () => void): () => void {
  const cameras = sources.map(({ camera }) => camera)
  const onState = (state: CameraState) => {
    if (state === 'stopped' && cameras.every((camera) => camera.state === 'stopped')) stopped()
  }
  for (const camera of cameras) camera.on('state', onState)
  return () => {
    for (const camera of cameras) camera.off('state', onState)
  }
}

/** Calls back when the token of the reader is removed. @returns a function that ends this. */
function whenRevoked({ auth }: HttpDeps, ctx: Context, revoked: () => void): () => void {
  const grant = grantIn(ctx)
  const onChanged = () => {
    if (grant && !auth.stillValid(grant)) revoked()
  }
  auth.on('changed', onChanged)
  return () => auth.off('changed', onChanged)
}
