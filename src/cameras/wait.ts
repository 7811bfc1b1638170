// A wait that can be ended early.

export class Wait {
  #wake: (() => void) | null = null

  /** Resolves after `delayMs`, or at end(). */
  start(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.end(), delayMs)
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
