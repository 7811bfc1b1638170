// Keeps the API from confirming guesses of a camera's password: a right one is answered differently from a wrong one.

import { createHash } from 'node:crypto'
import { RequestError } from '../errors.js'

const MAX_GUESSES = 5
const WINDOW_MS = 60000

export class GuessLimit {
  /** By camera address: a hash of each different wrong guess, and when it was last made. */
  readonly #wrong = new Map<string, Map<string, number>>()

  constructor(readonly now: () => number = () => performance.now()) {}

  /** @throws RequestError ERR_TOO_MANY_GUESSES, also if this guess would be right. */
  check(key: string): void {
    const guesses = this.#recent(key)
    if (guesses.size >= MAX_GUESSES)
      throw new RequestError(
        'ERR_TOO_MANY_GUESSES',
        `rtsp: ${MAX_GUESSES} different wrong user names or passwords within a minute; retry in a minute`,
      )
  }

  /** A program that repeats its one wrong password makes one guess. */
  wrong(key: string, credentials: string): void {
    const guesses = this.#recent(key)
    guesses.set(createHash('sha256').update(credentials).digest('base64'), this.now())
    this.#wrong.set(key, guesses)
  }

  #recent(key: string): Map<string, number> {
    const fromMs = this.now() - WINDOW_MS
    for (const [address, guesses] of this.#wrong) {
      for (const [guess, atMs] of guesses) if (atMs <= fromMs) guesses.delete(guess)
      if (guesses.size === 0) this.#wrong.delete(address)
    }
    return this.#wrong.get(key) ?? new Map<string, number>()
  }
}
