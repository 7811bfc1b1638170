// Shows the progress of a setup step: one line that is rewritten on a terminal, a few lines elsewhere.

// Without a terminal (a log file, CI), write at most one line per interval.
const LINE_EVERY_MS = 5000

/** "0.4 s", "12 s", "1 min 20 s". */
export function duration(ms) {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** One step. It shows nothing before its first update, so a step without work is silent. */
export class Step {
  #out
  #quiet
  #label
  #startedAt = 0
  #shownAt = 0
  #open = false

  /** @param options.out the stream to write to. Default: stderr, which leaves stdout to the gateway and the tests. */
  constructor(number, total, name, { quiet = false, out = process.stderr } = {}) {
    this.#label = `[${number}/${total}] ${name}:`
    this.#quiet = quiet
    this.#out = out
  }

  /** @param fraction 0 to 1; null if unknown. */
  update(text, fraction = null) {
    const now = Date.now()
    const first = this.#startedAt === 0
    if (first) this.#startedAt = now
    if (this.#quiet) return
    if (!this.#out.isTTY && !first && now - this.#shownAt < LINE_EVERY_MS) return
    this.#shownAt = now
    const percent = fraction === null ? '' : ` ${Math.floor(Math.min(1, Math.max(0, fraction)) * 100)} %`
    this.#write(text, percent)
  }

  /** Writes a line that stays, for messages that users must read. */
  note(text) {
    if (this.#quiet) return
    this.pause()
    this.#out.write(`${this.#label} ${text}\n`)
  }

  /** Ends the line that is being rewritten, so that other output starts on a new one. */
  pause() {
    if (this.#open) this.#out.write('\n')
    this.#open = false
  }

  done(text = 'done') {
    if (this.#startedAt === 0 || this.#quiet) return
    this.#write(`${text} in ${duration(Date.now() - this.#startedAt)}`)
    this.pause()
  }

  /** @param end stays visible when a long line is cut to the terminal's width; a wrapped line would scroll. */
  #write(text, end = '') {
    const start = `${this.#label} ${text}`
    if (!this.#out.isTTY) {
      this.#out.write(`${start}${end}\n`)
      return
    }
    const room = Math.max(20, (this.#out.columns || 80) - 1 - end.length)
    this.#out.write(`\r${start.slice(0, room)}${end}\x1b[K`)
    this.#open = true
  }
}
