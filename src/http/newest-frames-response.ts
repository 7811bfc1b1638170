// One HTTP reader of frames, of one camera or several: the newest of each whenever it
// can take more, never a queue.

import type { ServerResponse } from 'node:http'
import type { Frame } from '../types.js'

// How often it is asked whether the reader has taken what was sent.
const TAKEN_POLL_MS = 4
// A reader that has read everything says so with its next acknowledgement; the kernel's
// keep-alive asks for one where nothing is on its way.
const KEEP_ALIVE_MS = 1000
// The kernel's steps of a window, and what it takes back for its own book-keeping.
const WINDOW_NOISE_BYTES = 16384
// A window that is narrower than it was and stays so through two keep-alives has been made
// narrower by the peer's kernel (seen: 123904 to 115712 bytes, for good).
const WINDOW_SETTLED_MS = 2500
// A reader that takes nothing for this long is gone.
const STUCK_LIMIT_MS = 30000

export type TcpQueue = (fd: number) => { unacknowledged: number; window: number }

export class NewestFramesResponse {
  /** By topic, in the order in which they came. */
  readonly #waiting = new Map<string, Frame>()
  #sending = false
  #closed = false
  #sentAtMs = 0
  #pollTimer: NodeJS.Timeout | null = null
  #lastSizeBytes = 0
  #widestWindow = 0
  #window = 0
  #windowSinceMs = 0

  constructor(
    readonly response: ServerResponse,
    readonly encode: (frame: Frame) => Buffer,
    readonly tcpQueue: TcpQueue,
  ) {
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
    else if (performance.now() - this.#sentAtMs > STUCK_LIMIT_MS) this.response.destroy()
  }

  #send(): void {
    if (this.#waiting.size === 0 || this.#closed) return
    const bytes = Buffer.concat([...this.#waiting.values()].map(this.encode))
    this.#waiting.clear()
    this.#sending = true
    this.#sentAtMs = performance.now()
    this.#lastSizeBytes = bytes.length
    this.response.write(bytes, () => this.#whenTaken())
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
      // One sending may be read already: its news comes with the next acknowledgement.
      if (unacknowledged > 0 || this.#unreadBytes(window) > Math.max(WINDOW_NOISE_BYTES, 1.5 * this.#lastSizeBytes)) {
        this.#pollTimer = setTimeout(() => this.#whenTaken(), TAKEN_POLL_MS)
        return
      }
    }
    this.#sending = false
    this.#send()
  }
  #unreadBytes(window: number): number {
    const nowMs = performance.now()
    if (window !== this.#window) {
      this.#window = window
      this.#windowSinceMs = nowMs
    }
    const settled = nowMs - Math.max(this.#windowSinceMs, this.#sentAtMs) > WINDOW_SETTLED_MS
    this.#widestWindow = settled ? window : Math.max(this.#widestWindow, window)
    return window < 0 ? 0 : this.#widestWindow - window
  }
}
