// Shows what a step of the set-up does and how far it is: one line that changes on a terminal, few lines elsewhere.

// Without a terminal (a log file, CI) a line comes at most this often.
const LINE_EVERY_MS = 5000

/** "0.4 s", "12 s", "1 min 20 s". */
export function duration(ms) {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** One step; nothing is shown before its first update, so a step without work is silent. */
export class Step {
  #out
  #quiet
  #label
  #startedAt = 0
  #shownAt = 0
  #open = false

  /** @param options.out a stream; stderr, so that stdout stays the gateway's and the tests'. */
  constructor(number, total, name, { quiet = false, out = process.stderr } = {}) {
    this.#label = `[${number}/${total}] ${name}:`
    this.#quiet = quiet
    this.#out = out
  }

  /** @param fraction 0 to 1; null where it is not known. */
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

  /** For what people must read even where the line is then rewritten. */
  note(text) {
    if (this.#quiet) return
    this.pause()
    this.#out.write(`${this.#label} ${text}\n`)
  }

  /** Ends the line that is being rewritten, before something else writes. */
  pause() {
    if (this.#open) this.#out.write('\n')
    this.#open = false
  }

  done(text = 'done') {
    if (this.#startedAt === 0 || this.#quiet) return
    this.#write(`${text} in ${duration(Date.now() - this.#startedAt)}`)
    this.pause()
  }

  /** @param end is kept where the line is too long for the terminal, which would scroll at each update. */
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
