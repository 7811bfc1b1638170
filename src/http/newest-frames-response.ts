// One HTTP response that streams frames of one or more topics. Whenever the reader can take more, sends the newest
// frame of each topic; never queues frames.

import type { ServerResponse } from 'node:http'
import type { Frame } from '../types.js'

/** Disconnect a reader that reads nothing for this long. */
export const STUCK_LIMIT_MS = 30000
// How often to ask the kernel whether the reader has read everything: after an eighth of the time since the frame was
// sent, so that many slow readers cost little, but within these limits.
const TAKEN_POLL_MS = 4
const SLOWEST_POLL_MS = 32
// The next acknowledgement shows that the reader has read everything. If nothing is in flight, the kernel's keep-alive
// requests one.
const KEEP_ALIVE_MS = 1000
// The kernel changes the window in steps, and takes some of it back for its own bookkeeping.
const WINDOW_NOISE_BYTES = 16384
// If a window shrinks and stays smaller through two keep-alives, the peer's kernel has shrunk it
// (observed: 123904 to 115712 bytes, permanently).
const WINDOW_SETTLED_MS = 2500

/** Of a socket: bytes not yet acknowledged, and bytes that the peer can take now; -1 if unknown. */
export type TcpQueue = (fd: number) => { unacknowledged: number; window: number }

export class NewestFramesResponse {
  /** Topics with a frame that was not sent, in order of arrival. */
  readonly #waiting = new Set<string>()
  readonly #reader: ReaderWindow
  #sending = false
  #closed = false
  #pollTimer: NodeJS.Timeout | null = null

  /** @param stuckLimitMs disconnect a reader that reads nothing for this long. */
  constructor(
    readonly response: ServerResponse,
    readonly frames: { current(topic: string): Frame | undefined },
    readonly encode: (frame: Frame) => Buffer,
    readonly tcpQueue: TcpQueue,
    readonly stuckLimitMs = STUCK_LIMIT_MS,
  ) {
    this.#reader = new ReaderWindow()
    response.socket?.setKeepAlive(true, KEEP_ALIVE_MS)
    response.once('close', () => this.#close())
    // A reader may disconnect during any write. Without a listener, the error would end the process.
    response.on('error', () => this.#close())
  }

  /** Ends the response after what has been written; a reader that does not take that is disconnected. */
  end(): void {
    if (this.#closed) return
    this.#close()
    this.response.end()
    const timer = setTimeout(() => this.response.destroy(), this.stuckLimitMs)
    this.response.once('close', () => clearTimeout(timer))
  }

  /** The topic has a new frame. */
  offer(topic: string): void {
    if (this.#closed) return
    this.#waiting.add(topic)
    if (!this.#sending) this.#send()
    else if (this.#reader.sinceSentMs() > this.stuckLimitMs) this.response.destroy()
  }

  #close(): void {
    this.#closed = true
    this.#waiting.clear()
    if (this.#pollTimer) clearTimeout(this.#pollTimer)
  }

  #send(): void {
    if (this.#waiting.size === 0 || this.#closed) return
    // What the reader did not take in time may be old by now.
    const frames = [...this.#waiting].map((topic) => this.frames.current(topic)).filter((frame) => frame !== undefined)
    this.#waiting.clear()
    if (frames.length === 0) return
    const bytes = Buffer.concat(frames.map(this.encode))
    this.#sending = true
    this.#reader.sent(bytes.length)
    this.response.write(bytes, () => this.#sendWhenTaken())
  }

  /** Node's write completes when the kernel has the bytes, but the kernels of both sides would queue many frames. */
  #sendWhenTaken(): void {
    if (this.#closed) return
    const fd = this.#descriptor()
    if (fd >= 0 && !this.#reader.hasTaken(this.tcpQueue(fd))) {
      const pollMs = Math.min(Math.max(this.#reader.sinceSentMs() / 8, TAKEN_POLL_MS), SLOWEST_POLL_MS)
      this.#pollTimer = setTimeout(() => this.#sendWhenTaken(), pollMs)
      return
    }
    this.#sending = false
    this.#send()
  }

  /** From a private field of Node; -1 if it is missing: then only the writes set the pace. */
  #descriptor(): number {
    const socket = this.response.socket as { _handle?: { fd?: number } } | null
    return socket?._handle?.fd ?? -1
  }
}

/** Derives from the TCP window whether the reader has read everything: unread bytes shrink the window. */
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
    // The reader may already have read the last frame; the next acknowledgement will show it.
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
