// Cameras that a program started with keep: false and that have never been live: they leave after their last reader.

import type { Wanted } from './demand.js'

export class Provisional {
  /** By name: ends the wait and the listener. */
  readonly #watched = new Map<string, () => void>()

  /**
   * @param afterMs how long a camera stays without a reader, at most 24 days; 0: for ever.
   * @param forget called once for a camera whose time is over.
   */
  constructor(
    readonly afterMs: number,
    readonly readers: Wanted,
    readonly forget: (name: string) => void,
  ) {}

  has(name: string): boolean {
    return this.#watched.has(name)
  }

  /** Adds a camera, or begins its time again. */
  add(name: string): void {
    this.remove(name)
    let timer: NodeJS.Timeout | undefined
    const over = () => {
      this.remove(name)
      this.forget(name)
    }
    const update = () => {
      clearTimeout(timer)
      const wanted = this.readers.demandedTopics(name).length > 0
      if (!wanted && this.afterMs > 0) timer = setTimeout(over, this.afterMs).unref()
    }
    const off = this.readers.onDemand(name, update)
    this.#watched.set(name, () => {
      clearTimeout(timer)
      off()
    })
    update()
  }

  /** The camera is live or was stopped, or a request asked to keep it. @returns whether it was here. */
  remove(name: string): boolean {
    this.#watched.get(name)?.()
    return this.#watched.delete(name)
  }
}
