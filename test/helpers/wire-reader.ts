// A ZeroMQ subscriber that keeps every message it receives, split into header and JPEG.

import { Subscriber } from 'zeromq'

export interface WireFrame {
  topic: string
  header: {
    v: number
    camera: string
    run: string
    seq: number
    width: number
    height: number
    source_width: number
    source_height: number
    received_at_us: number
    published_at_us: number
    captured_at_us: number | null
  }
  jpegBytes: Buffer
  gotAtMs: number
}

export function decode(message: Buffer): WireFrame {
  const nul = message.indexOf(0)
  const length = message.readUInt32LE(nul + 1)
  return {
    topic: message.toString('ascii', 0, nul),
    header: JSON.parse(message.toString('utf8', nul + 5, nul + 5 + length)),
    jpegBytes: message.subarray(nul + 5 + length),
    gotAtMs: Date.now(),
  }
}

export class WireReader {
  readonly frames: WireFrame[] = []
  readonly #socket: Subscriber
  readonly #reading: Promise<void>

  /**
   * @param conflate true: ZeroMQ's queue keeps only the newest message, as in the clients.
   * @param dropJpegs true: keeps only the JPEG of the first frame, because long tests need only the headers.
   */
  constructor(endpoint: string, topic: string, { conflate = false, dropJpegs = true } = {}) {
    const socket = new Subscriber({ linger: 0, conflate })
    this.#socket = socket
    socket.ipv6 = endpoint.includes('[')
    socket.connect(endpoint)
    socket.subscribe(`${topic}\0`)
    this.#reading = (async () => {
      for await (const [message] of socket) {
        const frame = decode(message as Buffer)
        if (dropJpegs && this.frames.length > 0) frame.jpegBytes = Buffer.alloc(0)
        this.frames.push(frame)
      }
    })().catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#socket.close()
    await this.#reading
  }
}
