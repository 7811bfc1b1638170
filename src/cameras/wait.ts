// A wait that can be ended early.

export class Wait {
  #wake: (() => void) | null = null
  #endMs = 0

  /** null: nothing waits. */
  get leftMs(): number | null {
    return this.#wake === null ? null : Math.max(0, this.#endMs - performance.now())
  }

  /** Resolves after `delayMs`, or at end(). */
  start(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.end(), delayMs)
      this.#endMs = performance.now() + delayMs
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = null
        resolve()
      }
    })
  }

  end(): void {
    this.#wake?.()
  }
}
