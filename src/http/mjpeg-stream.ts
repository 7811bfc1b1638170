// One MJPEG reader: the newest frame whenever it can take one, never a queue.

import type { ServerResponse } from 'node:http'
import type { Frame } from '../types.js'

export const MJPEG_BOUNDARY = 'framegate'

// What the kernel may hold for a slow reader; more would only be older frames.
const SEND_BUFFER_BYTES = 64 * 1024
// A reader that takes nothing for this long is gone.
const STUCK_LIMIT_MS = 30000

export class MjpegStream {
  #waiting: Frame | null = null
  #writing = false
  #closed = false
  #stuckTimer: NodeJS.Timeout | null = null

  constructor(
    readonly response: ServerResponse,
    limitSendBuffer: (fd: number, sizeBytes: number) => boolean,
  ) {
    // Node has no call for SO_SNDBUF; without the descriptor it works, a little older.
    const fd = (response.socket as unknown as { _handle?: { fd?: number } } | null)?._handle?.fd
    if (typeof fd === 'number' && fd >= 0) limitSendBuffer(fd, SEND_BUFFER_BYTES)
    response.once('close', () => {
      this.#closed = true
      this.#waiting = null
      if (this.#stuckTimer) clearTimeout(this.#stuckTimer)
    })
  }

  offer(frame: Frame): void {
    if (this.#closed) return
    this.#waiting = frame
    if (!this.#writing) this.#write()
  }

  #write(): void {
    const frame = this.#waiting
    if (!frame || this.#closed) return
    this.#waiting = null
    this.#writing = true
    this.#stuckTimer = setTimeout(() => this.response.destroy(), STUCK_LIMIT_MS)
    const head =
      `--${MJPEG_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: ${frame.jpegBytes.length}\r\n` +
      `X-Seq: ${frame.seq}\r\nX-Received-At-Us: ${frame.receivedAtUs}\r\nX-Published-At-Us: ${frame.publishedAtUs}\r\n\r\n`
    // The next boundary goes with this frame, so that readers show it without waiting.
    this.response.write(Buffer.concat([Buffer.from(head), frame.jpegBytes, Buffer.from('\r\n')]), () => {
      if (this.#stuckTimer) clearTimeout(this.#stuckTimer)
      this.#writing = false
      this.#write()
    })
  }
}
