// One MJPEG reader: the newest frame whenever it can take one, never a queue.

import type { ServerResponse } from 'node:http'
import type { Frame } from '../types.js'

export const MJPEG_BOUNDARY = 'framegate'

// How often it is asked whether the reader has taken the last frame.
const TAKEN_POLL_MS = 4
// A reader that has read everything says so with its next acknowledgement; the kernel's
// keep-alive asks for one where no frame is on its way.
const KEEP_ALIVE_MS = 1000
// A reader that takes nothing for this long is gone.
const STUCK_LIMIT_MS = 30000

export class MjpegStream {
  #waiting: Frame | null = null
  #sending = false
  #closed = false
  #sentAtMs = 0
  #pollTimer: NodeJS.Timeout | null = null
  #lastSizeBytes = 0
  #widestWindow = 0

  constructor(
    readonly response: ServerResponse,
    readonly tcpQueue: (fd: number) => { unacknowledged: number; window: number },
  ) {
    response.once('close', () => {
      this.#closed = true
      this.#waiting = null
      if (this.#pollTimer) clearTimeout(this.#pollTimer)
    })
    response.socket?.setKeepAlive(true, KEEP_ALIVE_MS)
    response.write(`--${MJPEG_BOUNDARY}\r\n`)
  }

  offer(frame: Frame): void {
    if (this.#closed) return
    this.#waiting = frame
    if (this.#sending) {
      if (Date.now() - this.#sentAtMs > STUCK_LIMIT_MS) this.response.destroy()
      return
    }
    this.#send()
  }

  #send(): void {
    const frame = this.#waiting
    if (!frame || this.#closed) return
    this.#waiting = null
    this.#sending = true
    this.#sentAtMs = Date.now()
    const head =
      `Content-Type: image/jpeg\r\nContent-Length: ${frame.jpegBytes.length}\r\n` +
      `X-Seq: ${frame.seq}\r\nX-Received-At-Us: ${frame.receivedAtUs}\r\nX-Published-At-Us: ${frame.publishedAtUs}\r\n\r\n`
    // The next boundary goes with this frame: browsers show a part when they see its end.
    this.response.write(Buffer.concat([Buffer.from(head), frame.jpegBytes, Buffer.from(`\r\n--${MJPEG_BOUNDARY}\r\n`)]), () => this.#whenTaken())
    this.#lastSizeBytes = frame.jpegBytes.length
  }

  /**
   * Node's write ends when the kernel has the bytes; the kernels of both sides would
   * queue many frames. What the reader has not read narrows the window that it offers.
   */
  #whenTaken(): void {
    if (this.#closed) return
    // Node tells the descriptor nowhere else; without it writes alone set the pace.
    const fd = (this.response.socket as unknown as { _handle?: { fd?: number } } | null)?._handle?.fd
    if (typeof fd === 'number' && fd >= 0) {
      const { unacknowledged, window } = this.tcpQueue(fd)
      this.#widestWindow = Math.max(this.#widestWindow, window)
      const unread = window < 0 ? 0 : this.#widestWindow - window
      // One frame may be read already: its news comes with the next acknowledgement.
      if (unacknowledged > 0 || unread > 1.5 * this.#lastSizeBytes) {
        this.#pollTimer = setTimeout(() => this.#whenTaken(), TAKEN_POLL_MS)
        return
      }
    }
    this.#sending = false
    this.#send()
  }
}
