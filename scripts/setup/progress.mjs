// Shows the progress of a setup step: one line that is rewritten on a terminal, a few lines elsewhere.

// How often an unfinished step shows something: on a terminal, and elsewhere (a log file, CI), where each is a line.
const TERMINAL_EVERY_MS = 1000
const LINE_EVERY_MS = 5000

/** "0.4 s", "12 s", "1 min 20 s". */
export function duration(ms) {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/**
 * One step. It shows nothing before its first update, so a step without work is silent. After that it is never silent
 * for long: while no update comes, it shows the last one again, with its age. The percentage never falls.
 */
export class Step {
  #out
  #quiet
  #label
  #everyMs
  #timer = null
  #startedAt = 0
  #updatedAt = 0
  #shownAt = 0
  #open = false
  #text = ''
  #fraction = null
  #base = 0

  /**
   * @param options.out the stream to write to. Default: stderr, which leaves stdout to the gateway and the tests.
   * @param options.everyMs for tests.
   */
  constructor(number, total, name, { quiet = false, out = process.stderr, everyMs } = {}) {
    this.#label = `[${number}/${total}] ${name}:`
    this.#quiet = quiet
    this.#out = out
    this.#everyMs = everyMs ?? (out.isTTY ? TERMINAL_EVERY_MS : LINE_EVERY_MS)
  }

  /** @param fraction of the work since the last note, 0 to 1; null if unknown. */
  update(text, fraction = null) {
    const now = Date.now()
    const first = this.#startedAt === 0
    if (first) this.#startedAt = now
    this.#text = text
    this.#updatedAt = now
    if (fraction !== null) {
      const of = this.#base + (1 - this.#base) * Math.min(1, Math.max(0, fraction))
      this.#fraction = Math.max(this.#fraction ?? 0, of)
    }
    if (this.#quiet) return
    this.#timer ??= setInterval(() => this.#show(), this.#everyMs).unref()
    if (this.#out.isTTY || first || now - this.#shownAt >= this.#everyMs) this.#show()
  }

  /** Writes a line that stays, for messages that users must read. */
  note(text) {
    this.#base = this.#fraction ?? 0
    if (this.#quiet) return
    this.pause()
    this.#out.write(`${this.#label} ${text}\n`)
  }

  /** Ends the line that is being rewritten, so that other output starts on a new one. The next update goes on. */
  pause() {
    clearInterval(this.#timer)
    this.#timer = null
    if (this.#open) this.#out.write('\n')
    this.#open = false
  }

  done(text = 'done') {
    if (this.#startedAt === 0 || this.#quiet) return
    this.#write(`${text} in ${duration(Date.now() - this.#startedAt)}`)
    this.pause()
  }

  #show() {
    this.#shownAt = Date.now()
    const percent = this.#fraction === null ? '' : ` ${Math.floor(this.#fraction * 100)} %`
    const age = this.#shownAt - this.#updatedAt
    this.#write(this.#text, age < this.#everyMs ? percent : `${percent} (for ${duration(age)})`)
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
