// Node queues the responses to pipelined requests, and those never learn that the client has gone. A stream has no end,
// so nothing may wait behind it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { countRequest, inProgress } from '../requests-in-progress.js'

const streaming = new WeakSet<Socket>()

/** Call this for each request. @returns false if its connection streams, or has too many requests: then it is closed. */
export function mayRespond(request: IncomingMessage, response: ServerResponse): boolean {
  if (streaming.has(request.socket)) {
    request.socket.destroy()
    return false
  }
  return countRequest(request, response)
}

/** @returns false if other requests wait on this connection: then the connection is closed. */
export function mayStream(socket: Socket): boolean {
  streaming.add(socket)
  if (inProgress(socket) <= 1) return true
  socket.destroy()
  return false
}
