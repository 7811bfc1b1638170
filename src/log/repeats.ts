// Limits how often a line repeats. The first comes at once; each further one after a pause that grows from a second to a minute,
// with the number of those in between. Different lines never delay each other, and no line disappears without being counted.

import type { LogFields } from '../types.js'

export interface LogLine extends LogFields {
  level: 'debug' | 'info' | 'warn' | 'error'
  msg: string
}

/** The line came so many times since it was last shown, so many seconds ago. */
export interface Repetition {
  times: number
  seconds: number
}

interface Entry {
  line: LogLine
  shownAtMs: number
  pauseMs: number
  times: number
  /** Set while times > 0. */
  timer: NodeJS.Timeout | null
}

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60000
/** Of the lines that it knows; beyond it, it forgets the one that came least recently. */
export const MAX_LINES = 500

export class Repeats {
  /** By the text of the line, in the order of their last occurrence. */
  readonly #entries = new Map<string, Entry>()

  constructor(
    private readonly show: (line: LogLine, repetition: Repetition | null) => void,
    private readonly nowMs = () => performance.now(),
  ) {}

  add(line: LogLine): void {
    const key = JSON.stringify(line)
    const atMs = this.nowMs()
    const entry = this.#entries.get(key)
    this.#entries.delete(key)
    const sinceMs = entry ? atMs - entry.shownAtMs : Infinity
    if (!entry || (!entry.timer && sinceMs >= LONGEST_PAUSE_MS)) {
      this.#makeRoom()
      this.#entries.set(key, { line, shownAtMs: atMs, pauseMs: FIRST_PAUSE_MS, times: 0, timer: null })
      this.show(line, null)
      return
    }
    this.#entries.set(key, entry)
    if (!entry.timer && sinceMs >= entry.pauseMs) {
      this.#shown(entry)
      this.show(line, null)
      return
    }
    entry.times++
    entry.timer ??= setTimeout(() => this.#showCount(entry), entry.pauseMs - sinceMs).unref()
  }

  /** Shows what it holds back. */
  flush(): void {
    for (const entry of this.#entries.values()) this.#showCount(entry)
  }

  #showCount(entry: Entry): void {
    if (!entry.timer) return
    clearTimeout(entry.timer)
    entry.timer = null
    const repetition = { times: entry.times, seconds: Math.ceil((this.nowMs() - entry.shownAtMs) / 1000) }
    entry.times = 0
    this.#shown(entry)
    this.show(entry.line, repetition)
  }

  #shown(entry: Entry): void {
    entry.shownAtMs = this.nowMs()
    entry.pauseMs = Math.min(LONGEST_PAUSE_MS, entry.pauseMs * 2)
  }

  #makeRoom(): void {
    if (this.#entries.size < MAX_LINES) return
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key)
      this.#showCount(entry)
      return
    }
  }
}
