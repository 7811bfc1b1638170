// Begins one request in each turn of the event loop, so that a flood of requests delays frames by one request, not by
// as many as there are connections.

export class Turns {
  readonly #waiting: (() => void)[] = []
  #taken = false

  /** Runs this at once if the turn is free, otherwise in its order in a later one. */
  begin(run: () => void): void {
    if (this.#taken) this.#waiting.push(run)
    else this.#take(run)
  }

  #take(run: () => void): void {
    this.#taken = true
    setImmediate(() => {
      this.#taken = false
      const next = this.#waiting.shift()
      if (next) this.#take(next)
    })
    run()
  }
}
