// Writes the log to a file descriptor at once, so that a crash loses nothing. If nothing reads a pipe, lines wait in memory up to
// a limit, and the gateway goes on.

import { writeSync } from 'node:fs'

const MAX_WAITING_BYTES = 1 << 20
const TRY_EVERY_MS = 50
const PAUSE_MS = 10

export type Write = (bytes: Uint8Array) => number

/** @param fd of a pipe, must not block: EAGAIN is the sign that it is full. */
export const writeTo = (fd: number) => (bytes: Uint8Array) => writeSync(fd, bytes)

export class LogOutput {
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #lost = 0
  #timer: NodeJS.Timeout | null = null

  /**
   * @param tryWrite writes as much as it can. @returns how many bytes; throws the error of write(2).
   * @param onLost lines can be written again, after so many could not.
   */
  constructor(
    private readonly tryWrite: Write,
    private readonly onLost: (lines: number) => void,
  ) {}

  /** @param line with its line feed. */
  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      this.#lost++
      return
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#timer === null) this.#drain()
  }

  /** Before the process exits: waits for a slow reader, for so long at most. */
  end(limitMs: number): void {
    const endMs = performance.now() + limitMs
    const pause = new Int32Array(new SharedArrayBuffer(4))
    while (this.#timer !== null && performance.now() < endMs) {
      Atomics.wait(pause, 0, 0, PAUSE_MS)
      this.#drain()
    }
  }

  #drain(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    let written = 0
    try {
      for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
        written = this.tryWrite(next)
        this.#waitingBytes -= written
        if (written < next.length) this.#waiting[0] = next.subarray(written)
        else this.#waiting.shift()
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this.#timer = setTimeout(() => this.#drain(), TRY_EVERY_MS).unref()
        return
      }
      // The reader has gone, or the disk is full.
      this.#lost += this.#waiting.length
      this.#waiting = []
      this.#waitingBytes = 0
      return
    }
    if (this.#lost === 0) return
    const lines = this.#lost
    this.#lost = 0
    this.onLost(lines)
  }
}
