// HTTP/1.1 lets a client send requests before it has the previous responses. Node reads them all, and each takes memory
// until its response is complete, so a connection may have few in progress.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Browsers, curl and proxies have one. */
export const MAX_IN_PROGRESS = 32

const open = new WeakMap<Socket, number>()

/** How many responses of a connection are not complete. */
export function inProgress(socket: Socket): number {
  return open.get(socket) ?? 0
}

/** Call this for each request. @returns false if its connection has too many: then the connection is closed. */
export function countRequest({ socket }: IncomingMessage, response: ServerResponse): boolean {
  // Node's parser goes on with what it had read before the connection was closed.
  if (socket.destroyed) return false
  if (inProgress(socket) >= MAX_IN_PROGRESS) {
    socket.destroy()
    return false
  }
  open.set(socket, inProgress(socket) + 1)
  response.once('close', () => open.set(socket, inProgress(socket) - 1))
  return true
}
