// Stands in front of a test camera and does what some cameras do: refuses connections, answers requests itself, rewrites
// descriptions, answers late. Reads RTSP up to the answer to PLAY; later bytes pass as they are.

import net from 'node:net'
import { pause } from './wait.js'

export interface RtspRequest {
  method: string
  head: string
  connection: net.Socket
  /** Connections that are open, this one included. */
  open: ReadonlySet<net.Socket>
}

export interface Oddity {
  /** @returns false: the connection is closed at once. */
  accepts?(connection: net.Socket, others: ReadonlySet<net.Socket>): boolean
  /** @returns status line and headers of an answer of its own, without CSeq; null: the camera answers. */
  answers?(request: RtspRequest): string | null
  /** How long the answer to a request is held back. */
  delayMs?(method: string): number
  description?(sdp: string): string
  /** Changes an RTP packet of the first medium. Only for a camera that sends nothing but them and RTCP after PLAY. */
  packet?(rtp: Buffer): void
}

export class RtspProxy {
  connections = 0
  /** Methods of all requests, in order. */
  readonly requests: string[] = []
  /** Requests with credentials. */
  logins = 0
  readonly #open = new Set<net.Socket>()
  readonly #server: net.Server

  private constructor(
    readonly camera: { port: number },
    readonly oddity: Oddity,
  ) {
    this.#server = net.createServer((connection) => this.#serve(connection))
  }

  static async start(
    test: { teardown(run: () => void): void },
    camera: { port: number },
    oddity: Oddity,
  ): Promise<RtspProxy> {
    const proxy = new RtspProxy(camera, oddity)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    test.teardown(() => {
      for (const socket of proxy.#open) socket.destroy()
      proxy.#server.close()
    })
    return proxy
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  readonly #parts = new WeakMap<net.Socket, Buffer>()

  /** The whole packets of what has come, changed; the rest is held back. */
  #changed(chunk: Buffer, connection: net.Socket): Buffer {
    if (!this.oddity.packet) return chunk
    const bytes = Buffer.concat([this.#parts.get(connection) ?? Buffer.alloc(0), chunk])
    let at = bytes[0] === 0x24 ? 0 : bytes.indexOf('\r\n\r\n') + 4 // The answer to PLAY.
    while (at + 4 <= bytes.length && at + 4 + bytes.readUInt16BE(at + 2) <= bytes.length) {
      const end = at + 4 + bytes.readUInt16BE(at + 2)
      if (bytes[at + 1] === 0) this.oddity.packet(bytes.subarray(at + 4, end))
      at = end
    }
    this.#parts.set(connection, bytes.subarray(at))
    return bytes.subarray(0, at)
  }

  #serve(connection: net.Socket): void {
    this.connections++
    connection.on('error', () => undefined)
    if (this.oddity.accepts?.(connection, this.#open) === false) return void connection.destroy()
    this.#open.add(connection)
    const camera = net.connect(this.camera.port, '127.0.0.1')
    camera.on('error', () => undefined)
    camera.on('close', () => connection.destroy())
    connection.on('close', () => {
      this.#open.delete(connection)
      camera.destroy()
    })
    let method = ''
    let held: Buffer = Buffer.alloc(0)
    connection.on('data', (chunk: Buffer) => {
      if (method === 'PLAY') return void camera.write(chunk)
      held = Buffer.concat([held, chunk])
      for (let end = held.indexOf('\r\n\r\n'); end >= 0; end = held.indexOf('\r\n\r\n')) {
        const head = held.toString('latin1', 0, end)
        held = held.subarray(end + 4)
        method = head.slice(0, head.indexOf(' '))
        this.requests.push(method)
        if (/^authorization:/im.test(head)) this.logins++
        const own = this.oddity.answers?.({ method, head, connection, open: this.#open }) ?? null
        if (own === null) camera.write(`${head}\r\n\r\n`.replaceAll(`:${this.port}/`, `:${this.camera.port}/`))
        else connection.write(`${own.trim()}\r\nCSeq: ${/^cseq: *(\d+)/im.exec(head)?.[1]}\r\n\r\n`)
      }
    })
    let answer: Buffer = Buffer.alloc(0)
    let passes = Promise.resolve()
    camera.on('data', (chunk: Buffer) => {
      if (method === 'PLAY') {
        const first = answer.length === 0
        answer = chunk
        passes = passes.then(() => (first ? pause(this.oddity.delayMs?.('PLAY') ?? 0) : undefined))
        void passes.then(() => connection.write(this.#changed(chunk, connection)))
        return
      }
      answer = Buffer.concat([answer, chunk])
      const end = answer.indexOf('\r\n\r\n')
      const length = Number(/^content-length: *(\d+)/im.exec(answer.toString('latin1', 0, Math.max(end, 0)))?.[1] ?? 0)
      if (end < 0 || answer.length < end + 4 + length) return
      let text = answer.toString('latin1')
      if (method === 'DESCRIBE' && length > 0) {
        const body = this.oddity.description?.(text.slice(end + 4)) ?? text.slice(end + 4)
        const head = text.slice(0, end).replace(/^content-length:.*$/im, `Content-Length: ${body.length}`)
        text = `${head}\r\n\r\n${body}`
      }
      answer = Buffer.alloc(0)
      text = text.replaceAll(`:${this.camera.port}/`, `:${this.port}/`)
      void pause(this.oddity.delayMs?.(method) ?? 0).then(() => connection.write(text, 'latin1'))
    })
  }
}
