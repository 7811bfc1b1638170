// Free ports below the kernel's ephemeral range, so that no outgoing connection takes one between check and use.

import { networkInterfaces } from 'node:os'
import dgram from 'node:dgram'
import net from 'node:net'

// Each of the two test files that run at once uses its own half. The process id sets the first port, so that a process
// does not start with the ports of one that has just ended. Above 10080, to which fetch refuses to connect.
const FIRST = 10090
const HALF = 10000
const half = FIRST + (Number(process.env.TAP_JOB_ID ?? 0) % 2) * HALF

let next = half + ((process.pid * 64) % HALF)

async function isFree(port: number): Promise<boolean> {
  const tcp = await new Promise<boolean>((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  if (!tcp) return false
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4')
    socket.once('error', () => resolve(false))
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)))
  })
}

/** @returns an even port; the next one is free too, because RTP and RTCP need a pair. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const port = next
    next = next + 4 > half + HALF ? half : next + 2
    if ((await isFree(port)) && (await isFree(port + 1))) return port
  }
  throw new Error('found no free port')
}

/** Why a test of IPv6 is left out; false: it runs. */
export const NO_IPV6: string | false = await new Promise((resolve) => {
  const server = net.createServer()
  server.once('error', (error) => resolve(`this machine has no IPv6: ${error.message}`))
  server.listen(0, '::1', () => server.close(() => resolve(false)))
})

/** Of this machine in its network; undefined if it has none. */
export const lanAddress = Object.values(networkInterfaces())
  .flat()
  .find((found) => found?.family === 'IPv4' && !found.internal)?.address
