// Reads AUTH_TOKENS_FILE, and reads it again when it changes.

import { readFileSync, statSync, unwatchFile, watchFile } from 'node:fs'
import { ConfigError, messageOf } from '../errors.js'
import type { Logger } from '../types.js'
import { parseTokens, type Token } from './tokens.js'

const LOOK_EVERY_MS = 2000

export class TokenFile {
  #tokens: Token[]

  /** @param changed called after another list has been read. @throws ConfigError */
  constructor(
    readonly path: string,
    readonly logger: Logger,
    readonly changed: () => void,
    lookEveryMs = LOOK_EVERY_MS,
  ) {
    this.#tokens = read(path)
    // Compares the file's state: editors and Kubernetes replace the file.
    watchFile(path, { interval: lookEveryMs, persistent: false }, this.#onChange)
  }

  get tokens(): readonly Token[] {
    return this.#tokens
  }

  close(): void {
    unwatchFile(this.path, this.#onChange)
  }

  readonly #onChange = () => {
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

function read(path: string): Token[] {
  try {
    const { tokens, hasPlain } = parseTokens(readFileSync(path, 'utf8'))
    const { mode } = statSync(path)
    if (mode & (hasPlain ? 0o007 : 0o002))
      throw new Error(`other users of this machine can ${hasPlain ? 'open' : 'change'} it; run: chmod 600 ${path}`)
    return tokens
  } catch (error) {
    throw new ConfigError(`AUTH_TOKENS_FILE: ${path}: ${messageOf(error)}`)
  }
}
