// HTTP/1.1 lets a client send requests before it has the previous responses. Node then queues the responses, and those
// never learn that the client has gone. A stream has no end, so nothing may wait behind it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const streaming = new WeakSet<Socket>()
/** How many responses of a connection are not complete. */
const open = new WeakMap<Socket, number>()

/** Call this for each request. @returns false if its connection streams: then the connection is closed. */
export function mayRespond({ socket }: IncomingMessage, response: ServerResponse): boolean {
  if (streaming.has(socket)) {
    socket.destroy()
    return false
  }
  open.set(socket, (open.get(socket) ?? 0) + 1)
  response.once('close', () => open.set(socket, (open.get(socket) ?? 1) - 1))
  return true
}

/** @returns false if other requests wait on this connection: then the connection is closed. */
export function mayStream(socket: Socket): boolean {
  streaming.add(socket)
  if ((open.get(socket) ?? 0) <= 1) return true
  socket.destroy()
  return false
}
