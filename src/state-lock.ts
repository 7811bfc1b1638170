// Keeps two gateways from sharing one state file: both would pull every camera, and overwrite each other's list.

import { mkdir, unlink } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { codeOf, ConfigError, messageOf } from './errors.js'
import { createOwnFile, readOwnFile, replaceFile } from './files.js'
import { bootId } from './process-limits.js'
import type { Logger } from './types.js'

const holder = z.object({ pid: z.int(), started: z.string(), boot: z.string(), http: z.string().nullable() })
type Holder = z.output<typeof holder>

export class StateLock {
  readonly #path: string
  #held = false

  constructor(
    readonly stateFile: string,
    readonly logger: Logger,
  ) {
    this.#path = `${stateFile}.lock`
  }

  /**
   * The lock of a process that has ended does not count. A folder that cannot be written has no lock.
   * @throws ConfigError if another gateway has the file.
   */
  async take(): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
      await this.#write(createOwnFile, null)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') return this.logger.debug(`no lock for the state file: ${messageOf(error)}`)
      const other = await this.#holder()
      if (other) throw new ConfigError(inUseBy(other, this.stateFile))
      await this.#write(replaceFile, null).catch(() => undefined)
    }
    this.#held = true
  }

  /** The address that the error of a second gateway names. */
  async setAddress(http: string): Promise<void> {
    if (this.#held) await this.#write(replaceFile, http).catch(() => undefined)
  }

  async release(): Promise<void> {
    if (this.#held) await unlink(this.#path).catch(() => undefined)
    this.#held = false
  }

  async #write(write: (path: string, text: string) => Promise<void>, http: string | null): Promise<void> {
    const own: Holder = { pid: process.pid, started: startOf(process.pid), boot: bootId(), http }
    await write(this.#path, `${JSON.stringify(own)}\n`)
  }

  /** The process that has the lock; null if it has ended. */
  async #holder(): Promise<Holder | null> {
    const text = await readOwnFile(this.#path)
    try {
      const other = holder.parse(JSON.parse(text))
      return other.boot === bootId() && other.started === startOf(other.pid) ? other : null
    } catch {
      return null
    }
  }
}

function inUseBy({ pid, http }: Holder, stateFile: string): string {
  return `a gateway is already running${http === null ? '' : ` at ${http}`} (process ${pid}), with the same STATE_FILE (${stateFile}); use that one, stop it, or give this one another STATE_FILE and other ports (PORT_OFFSET does both)`
}

/** When a process started, in ticks since the boot; '' if it does not run. A process id is used again, the pair is not. */
function startOf(pid: number): string {
  try {
    // The name, in parentheses, may contain anything.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
