// Stands in front of a test camera and does what some cameras do: refuses connections, answers requests itself, rewrites
// descriptions, answers late. Changes packets.

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
  /** Changes an RTP packet of the first medium, or returns the packets that are sent instead of it. */
  packet?(rtp: Buffer): Buffer[] | void
  /** The camera's answer to SETUP or PLAY, changed. */
  answer?(method: string, head: string): string
  /** The answer to PLAY comes so long after the first packets. */
  earlyMs?: number
  /** The first picture is ready before the answer to SETUP, and goes out with the answer to PLAY. */
  ready?: boolean
}

export class RtspProxy {
  connections = 0
  /** Methods of all requests, in order; RTSP/1.0 for responses. */
  readonly requests: string[] = []
  /** Requests with credentials. */
  logins = 0
  readonly #open = new Set<net.Socket>()
  readonly #server: net.Server
  /** Kept, because the server has none once it is closed, while answers of the camera still come. */
  port = 0

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
    proxy.port = (proxy.#server.address() as net.AddressInfo).port
    test.teardown(() => {
      for (const socket of proxy.#open) socket.destroy()
      proxy.#server.close()
    })
    return proxy
  }

  readonly #playing = new WeakSet<net.Socket>()
  readonly #parts = new WeakMap<net.Socket, Buffer>()

  /** The whole packets and answers of what has come since PLAY, changed; the rest is held back. */
  #changed(chunk: Buffer, connection: net.Socket): Buffer {
    const bytes = Buffer.concat([this.#parts.get(connection) ?? Buffer.alloc(0), chunk])
    const changed: Buffer[] = []
    let at = 0
    while (at + 4 <= bytes.length) {
      const isPacket = bytes[at] === 0x24
      const head = isPacket ? at + bytes.readUInt16BE(at + 2) : bytes.indexOf('\r\n\r\n', at)
      if (head < 0 || head + 4 > bytes.length) break
      const whole = bytes.subarray(at, head + 4)
      if (!this.#playing.has(connection)) changed.push(this.#playAnswer(whole.toString('latin1'), connection))
      else if (isPacket && whole[1] === 0) changed.push(this.#packets(whole))
      else changed.push(whole)
      at = head + 4
    }
    this.#parts.set(connection, bytes.subarray(at))
    return Buffer.concat(changed)
  }

  #playAnswer(head: string, connection: net.Socket): Buffer {
    this.#playing.add(connection)
    const answer = Buffer.from(this.oddity.answer?.('PLAY', head) ?? head, 'latin1')
    if (this.oddity.earlyMs === undefined) return answer
    void pause(this.oddity.earlyMs).then(() => connection.write(answer))
    return Buffer.alloc(0)
  }

  #packets(whole: Buffer): Buffer {
    const packets = this.oddity.packet?.(whole.subarray(4))
    if (!packets) return whole
    return Buffer.concat(packets.flatMap((rtp) => [Buffer.of(0x24, 0, rtp.length >> 8, rtp.length & 255), rtp]))
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
    let playing = false
    let url = ''
    let ready: ReadyCamera | null = null
    let held: Buffer = Buffer.alloc(0)
    connection.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 4) {
        if (held[0] === 0x24) {
          const length = 4 + held.readUInt16BE(2)
          if (held.length < length) return
          camera.write(held.subarray(0, length))
          held = held.subarray(length)
          continue
        }
        const end = held.indexOf('\r\n\r\n')
        if (end < 0) return
        const head = held.toString('latin1', 0, end)
        held = held.subarray(end + 4)
        method = head.slice(0, head.indexOf(' '))
        this.requests.push(method)
        if (method.startsWith('RTSP/')) continue // The response to a request that the oddity has sent.
        if (/^authorization:/im.test(head)) this.logins++
        const own = this.oddity.answers?.({ method, head, connection, open: this.#open }) ?? null
        if (method === 'DESCRIBE') url = (head.split(' ')[1] ?? '').replace(`:${this.port}/`, `:${this.camera.port}/`)
        if (method === 'PLAY' && ready) {
          ready.play(/^cseq: *(\d+)/im.exec(head)?.[1] ?? '')
          continue
        }
        if (method === 'PLAY' && own === null) playing = true
        if (own === null) camera.write(`${head}\r\n\r\n`.replaceAll(`:${this.port}/`, `:${this.camera.port}/`))
        else connection.write(`${own.trim()}\r\nCSeq: ${/^cseq: *(\d+)/im.exec(head)?.[1]}\r\n\r\n`)
      }
    })
    let answer: Buffer = Buffer.alloc(0)
    let passes = Promise.resolve()
    camera.on('data', (chunk: Buffer) => {
      if (ready) return ready.take(chunk)
      if (playing) {
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
      if (method === 'SETUP') text = this.oddity.answer?.(method, text) ?? text
      text = text.replaceAll(`:${this.camera.port}/`, `:${this.port}/`)
      if (method === 'SETUP' && this.oddity.ready) {
        ready = new ReadyCamera(connection, text)
        camera.write(`PLAY ${url} RTSP/1.0\r\nCSeq: 0\r\n${/^session: *[^;\r\n]*/im.exec(text)?.[0]}\r\n\r\n`)
        return
      }
      void pause(this.oddity.delayMs?.(method) ?? 0).then(() => connection.write(text, 'latin1'))
    })
  }
}

/** Holds the answer to SETUP back until the camera has sent a picture, and that until PLAY. */
class ReadyCamera {
  #kept: Buffer = Buffer.alloc(0)
  #setUp = false
  #plays = false

  constructor(
    readonly connection: net.Socket,
    readonly setUpAnswer: string,
  ) {}

  take(chunk: Buffer): void {
    if (this.#plays) return void this.connection.write(chunk)
    this.#kept = Buffer.concat([this.#kept, chunk])
    if (!this.#setUp && this.#hasPicture()) {
      this.#setUp = true
      this.connection.write(this.setUpAnswer, 'latin1')
    }
  }

  play(cseq: string): void {
    this.#plays = true
    const end = this.#kept.indexOf('\r\n\r\n')
    const head = this.#kept.toString('latin1', 0, end).replace(/^cseq:.*$/im, `CSeq: ${cseq}`)
    this.connection.write(Buffer.concat([Buffer.from(head, 'latin1'), this.#kept.subarray(end)]))
  }

  #hasPicture(): boolean {
    const end = this.#kept.indexOf('\r\n\r\n')
    let at = end < 0 ? this.#kept.length : end + 4
    while (at + 6 <= this.#kept.length) {
      if (this.#kept[at + 1] === 0 && this.#kept[at + 5]! >= 0x80) return true
      at += 4 + this.#kept.readUInt16BE(at + 2)
    }
    return false
  }
}
