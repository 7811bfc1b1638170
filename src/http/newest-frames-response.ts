// One HTTP reader of frames, of one camera or several: sends the newest of each whenever it can take more, never a queue.

import type { ServerResponse } from 'node:http'
import type { Frame } from '../types.js'

/** A reader that takes nothing for this long is dropped. */
export const STUCK_LIMIT_MS = 30000
// How often the kernel is asked whether the reader has taken what was sent.
const TAKEN_POLL_MS = 4
// A reader that has read everything says so with its next acknowledgement; the kernel's
// keep-alive asks for one if nothing is on its way.
const KEEP_ALIVE_MS = 1000
// The kernel's steps of a window, and what it takes back for its own book-keeping.
const WINDOW_NOISE_BYTES = 16384
// A window that is narrower than it was and stays so through two keep-alives has been made
// narrower by the peer's kernel (seen: 123904 to 115712 bytes, for good).
const WINDOW_SETTLED_MS = 2500

/** Of a socket: bytes that have not arrived, and bytes that its peer takes now; -1: not known. */
export type TcpQueue = (fd: number) => { unacknowledged: number; window: number }

export class NewestFramesResponse {
  /** By topic, in the order in which they came. */
  readonly #waiting = new Map<string, Frame>()
  readonly #reader: ReaderWindow
  #sending = false
  #closed = false
  #pollTimer: NodeJS.Timeout | null = null

  /** @param stuckLimitMs a reader that takes nothing for this long is dropped. */
  constructor(
    readonly response: ServerResponse,
    readonly encode: (frame: Frame) => Buffer,
    readonly tcpQueue: TcpQueue,
    readonly stuckLimitMs = STUCK_LIMIT_MS,
  ) {
    this.#reader = new ReaderWindow()
    response.socket?.setKeepAlive(true, KEEP_ALIVE_MS)
    response.once('close', () => {
      this.#closed = true
      this.#waiting.clear()
      if (this.#pollTimer) clearTimeout(this.#pollTimer)
    })
  }

  offer(frame: Frame): void {
    if (this.#closed) return
    this.#waiting.set(frame.topic, frame)
    if (!this.#sending) this.#send()
    else if (this.#reader.sinceSentMs() > this.stuckLimitMs) this.response.destroy()
  }

  #send(): void {
    if (this.#waiting.size === 0 || this.#closed) return
    const bytes = Buffer.concat([...this.#waiting.values()].map(this.encode))
    this.#waiting.clear()
    this.#sending = true
    this.#reader.sent(bytes.length)
    this.response.write(bytes, () => this.#sendWhenTaken())
  }

  /** Node's write ends when the kernel has the bytes; the kernels of both sides would queue many frames. */
  #sendWhenTaken(): void {
    if (this.#closed) return
    const fd = this.#descriptor()
    if (fd >= 0 && !this.#reader.hasTaken(this.tcpQueue(fd))) {
      this.#pollTimer = setTimeout(() => this.#sendWhenTaken(), TAKEN_POLL_MS)
      return
    }
    this.#sending = false
    this.#send()
  }

  /** Node keeps it in a private field; -1 without one: then writes alone set the pace. */
  #descriptor(): number {
    const socket = this.response.socket as { _handle?: { fd?: number } } | null
    return socket?._handle?.fd ?? -1
  }
}

/** Tells from the TCP window whether the reader has read what was sent: unread bytes narrow the window it offers. */
class ReaderWindow {
  #sentAtMs = 0
  #sentBytes = 0
  #widest = 0
  #window = 0
  #windowSinceMs = 0

  sent(bytes: number): void {
    this.#sentAtMs = performance.now()
    this.#sentBytes = bytes
  }

  sinceSentMs(): number {
    return performance.now() - this.#sentAtMs
  }

  hasTaken({ unacknowledged, window }: ReturnType<TcpQueue>): boolean {
    // The last frame may have been read already: that shows with the next acknowledgement.
    return unacknowledged <= 0 && this.#unreadBytes(window) <= Math.max(WINDOW_NOISE_BYTES, 1.5 * this.#sentBytes)
  }

  #unreadBytes(window: number): number {
    const nowMs = performance.now()
    if (window !== this.#window) {
      this.#window = window
      this.#windowSinceMs = nowMs
    }
    const settled = nowMs - Math.max(this.#windowSinceMs, this.#sentAtMs) > WINDOW_SETTLED_MS
    this.#widest = settled ? window : Math.max(this.#widest, window)
    return window < 0 ? 0 : this.#widest - window
  }
}
