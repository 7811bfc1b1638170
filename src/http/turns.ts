// Begins requests one at a time, with a pause as long as the last one took. A flood of requests gets half of the event
// loop's time at most; a frame seldom meets one, and then waits for one alone.

const MAX_PAUSE_MS = 50

export class Turns {
  /** What waits, by client. The client that has waited longest is next, with one request. */
  readonly #waiting = new Map<string, (() => void)[]>()
  #taken = false

  /** Runs this at once if the turn is free, otherwise later: after one request of each other client that waits. */
  begin(client: string, run: () => void): void {
    if (!this.#taken) return this.#take(run)
    const mine = this.#waiting.get(client)
    if (mine) mine.push(run)
    else this.#waiting.set(client, [run])
  }

  #take(run: () => void): void {
    this.#taken = true
    const begunAtMs = performance.now()
    setImmediate(() => {
      setTimeout(() => this.#next(), Math.min(performance.now() - begunAtMs, MAX_PAUSE_MS))
    })
    run()
  }

  #next(): void {
    this.#taken = false
    for (const [client, runs] of this.#waiting) {
      this.#waiting.delete(client)
      const run = runs.shift()
      if (runs.length > 0) this.#waiting.set(client, runs)
      if (run) return this.#take(run)
    }
  }
}
