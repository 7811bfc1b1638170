// How long to wait before the next session of a camera. Pure but for the dice.

// The cap keeps the promise of frames within 5 s of a camera's return.
const FIRST_MS = 250
const CAP_MS = 2000
/** The camera is healthy; a new session gets a key frame. */
const KEY_CAP_MS = 1000
/** Wrong credentials lock the account if they are tried often. */
const REFUSED_MS = 30000

export class Backoff {
  #failures = 0

  constructor(readonly random: () => number = Math.random) {}

  /** The delay, with jitter, so that many cameras do not reconnect at once. */
  nextMs(code: string): number {
    if (code === 'ERR_SOURCE_UNAUTHORIZED') return REFUSED_MS
    const limit = Math.min(code === 'ERR_NO_KEY_FRAME' ? KEY_CAP_MS : CAP_MS, FIRST_MS * 2 ** this.#failures++)
    return Math.round(limit * (0.25 + 0.75 * this.random()))
  }

  reset(): void {
    this.#failures = 0
  }
}
