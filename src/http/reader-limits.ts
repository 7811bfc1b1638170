// How many HTTP readers there may be, of one camera and in all.

import { RequestError } from '../errors.js'
import { MEMORY, recentMemoryLeftMb } from '../memory.js'

export const MAX_READERS_PER_CAMERA = 256
export const MAX_READERS = 1024
// MiB that must be left: a slow reader holds frames here and in the kernel.
const NEEDED_MB = 48

export class ReaderLimits {
  readonly #byCamera = new Map<string, number>()
  #all = 0

  /** @param leftMb how much memory is left, in MiB. */
  constructor(readonly leftMb: () => number = recentMemoryLeftMb) {}

  get all(): number {
    return this.#all
  }

  /**
   * Counts one reader of these cameras.
   * @returns a function that ends it. @throws RequestError ERR_TOO_MANY_READERS
   */
  enter(cameras: string[]): () => void {
    const names = new Set(cameras)
    if (this.#all >= MAX_READERS)
      throw new RequestError('ERR_TOO_MANY_READERS', `the gateway has the maximum of ${MAX_READERS} HTTP readers`)
    for (const name of names)
      if (this.#readers(name) >= MAX_READERS_PER_CAMERA)
        throw new RequestError(
          'ERR_TOO_MANY_READERS',
          `camera "${name}" has the maximum of ${MAX_READERS_PER_CAMERA} HTTP readers`,
        )
    if (this.leftMb() < NEEDED_MB)
      throw new RequestError(
        'ERR_TOO_MANY_READERS',
        `the gateway is short of ${MEMORY} for more HTTP readers; stop other readers or cameras, or raise the limit`,
      )
    this.#count(names, 1)
    let over = false
    return () => {
      if (!over) this.#count(names, -1)
      over = true
    }
  }

  #readers(name: string): number {
    return this.#byCamera.get(name) ?? 0
  }

  #count(names: Set<string>, step: 1 | -1): void {
    this.#all += step
    for (const name of names) {
      const count = this.#readers(name) + step
      if (count > 0) this.#byCamera.set(name, count)
      else this.#byCamera.delete(name)
    }
  }
}
