// A subscriber that speaks ZMTP 3.0 by hand, to send what libzmq would not.

import { once } from 'node:events'
import net from 'node:net'
import { until } from './wait.js'

const COMMAND = 4
const LONG = 2

function frame(flags: number, body: Buffer): Buffer {
  if (body.length < 256) return Buffer.concat([Buffer.from([flags, body.length]), body])
  const head = Buffer.alloc(9)
  head[0] = flags | LONG
  head.writeBigUInt64BE(BigInt(body.length), 1)
  return Buffer.concat([head, body])
}

export class ZmtpPeer {
  closed = false

  private constructor(readonly socket: net.Socket) {
    socket.on('error', () => undefined)
    socket.on('close', () => (this.closed = true))
  }

  /** Resolves when the handshake (RFC 23, mechanism NULL) is complete. */
  static async connect(endpoint: string): Promise<ZmtpPeer> {
    const { hostname, port } = new URL(endpoint.replace('tcp:', 'http:'))
    const socket = net.connect(Number(port), hostname)
    await once(socket, 'connect')
    const greeting = Buffer.alloc(64)
    greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0])
    greeting.write('NULL', 12)
    const ready = Buffer.from('\x05READY\x0bSocket-Type\0\0\0\x03SUB', 'latin1')
    socket.write(Buffer.concat([greeting, frame(COMMAND, ready)]))
    let received = 0
    socket.on('data', (chunk: Buffer) => (received += chunk.length))
    await until('the handshake of the publisher', () => received > greeting.length + 2)
    return new ZmtpPeer(socket)
  }

  subscribe(prefix: string): void {
    this.socket.write(frame(0, Buffer.from(`\x01${prefix}`, 'latin1')))
  }

  unsubscribe(prefix: string): void {
    this.socket.write(frame(0, Buffer.from(`\0${prefix}`, 'latin1')))
  }

  close(): void {
    this.socket.destroy()
  }
}
