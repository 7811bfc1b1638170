// Reads AUTH_TOKENS_FILE, and reads it again when it changes.

import { stat, statSync, type BigIntStats } from 'node:fs'
import { codeOf, ConfigError, messageOf } from '../errors.js'
import { readSmallFile } from '../files.js'
import type { Logger } from '../types.js'
import { parseTokens, type Token } from './tokens.js'

const LOOK_EVERY_MS = 2000
const MOST_BYTES = 1024 * 1024

export class TokenFile {
  #tokens: Token[]
  /** The file's state before it was last read. */
  #seen: string
  #timer: NodeJS.Timeout | null = null
  #closed = false

  /** @param changed called after another list has been read. @throws ConfigError */
  constructor(
    readonly path: string,
    readonly logger: Logger,
    readonly changed: () => void,
    readonly lookEveryMs = LOOK_EVERY_MS,
  ) {
    this.#seen = stateNow(path)
    this.#tokens = read(path)
    this.#lookLater()
  }

  get tokens(): readonly Token[] {
    return this.#tokens
  }

  close(): void {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
  }

  // fs.watchFile would compare with what it finds first, which may be newer than what was read.
  #lookLater(): void {
    const look = () =>
      stat(this.path, { bigint: true }, (error, stats) => {
        if (this.#closed) return
        const state = error ? stateWithout(error) : stateOf(stats)
        if (state !== this.#seen) this.#readAgain(state)
        this.#lookLater()
      })
    this.#timer = setTimeout(look, this.lookEveryMs).unref()
  }

  #readAgain(state: string): void {
    this.#seen = state
    try {
      this.#tokens = read(this.path)
      this.logger.info(`${this.path}: ${this.#tokens.length} tokens read`)
    } catch (error) {
      this.logger.error(`${messageOf(error)}; the tokens read before remain valid`)
      return
    }
    this.changed()
  }
}

/** Changes with the file, also when editors and Kubernetes replace it. */
const stateOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats) => [dev, ino, size, mtimeNs, ctimeNs].join()
const stateWithout = (error: unknown) => codeOf(error) ?? 'unknown'

function stateNow(path: string): string {
  try {
    return stateOf(statSync(path, { bigint: true }))
  } catch (error) {
    return stateWithout(error)
  }
}

function read(path: string): Token[] {
  try {
    const { tokens, hasPlain } = parseTokens(readSmallFile(path, MOST_BYTES))
    const { mode } = statSync(path)
    if (mode & (hasPlain ? 0o007 : 0o002))
      throw new Error(`other users of this machine can ${hasPlain ? 'open' : 'change'} it; run: chmod 600 ${path}`)
    return tokens
  } catch (error) {
    throw new ConfigError(`AUTH_TOKENS_FILE: ${path}: ${messageOf(error)}`)
  }
}
