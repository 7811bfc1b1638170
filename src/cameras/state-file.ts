// Keeps the list of cameras on disk across restarts. Writes are atomic. Only the owner can read the file, since it
// holds the cameras' passwords.

import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { cameraSettingsJson, fromJson, toJson, type CameraSettings } from '../camera-settings.js'
import { codeOf, messageOf } from '../errors.js'
import type { Logger } from '../types.js'

const VERSION = 1
// A full disk may have room again, and the next change to save may be far off.
const RETRY_MS = 5000

export class StateFile {
  #writing: Promise<void> = Promise.resolve()
  #next: CameraSettings[] | null = null
  #problem: string | null = null
  #retryTimer: NodeJS.Timeout | null = null

  constructor(
    readonly path: string,
    readonly logger: Logger,
    readonly retryMs = RETRY_MS,
  ) {}

  /** Why the file does not hold the current list; null if it does. */
  get problem(): string | null {
    return this.#problem
  }

  /** All cameras that can be read. A damaged file is logged and kept under another name. */
  async load(): Promise<CameraSettings[]> {
    await this.#removeLeftovers()
    let text: string
    try {
      text = await readFile(this.path, 'utf8')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') await this.#keepAside(`cannot be read (${messageOf(error)})`)
      return []
    }
    let entries: unknown[]
    try {
      const content = JSON.parse(text) as { version?: unknown; cameras?: unknown }
      if (content.version !== VERSION || !Array.isArray(content.cameras)) throw new Error('not a list of cameras')
      entries = content.cameras
    } catch (error) {
      await this.#keepAside(`is damaged (${messageOf(error)})`)
      return []
    }
    const good: CameraSettings[] = []
    for (const entry of entries) {
      const parsed = cameraSettingsJson.safeParse(entry)
      if (parsed.success) good.push(fromJson(parsed.data))
    }
    if (good.length < entries.length) {
      await this.#keepAside(`has invalid entries (${entries.length - good.length} of ${entries.length} cameras)`)
    }
    return good
  }

  /** Writes the list, and retries if that fails. Calls during a write are merged into one. Never throws. */
  save(cameras: CameraSettings[]): Promise<void> {
    if (this.#retryTimer) clearTimeout(this.#retryTimer)
    const idle = this.#next === null
    this.#next = cameras
    if (idle) this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    const cameras = this.#next ?? []
    this.#next = null
    const content = { version: VERSION, cameras: cameras.map(toJson) }
    const temporary = `${this.path}.${process.pid}.tmp`
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
      const file = await open(temporary, 'w', 0o600)
      try {
        await file.chmod(0o600) // Also for a temporary file left by an earlier run.
        await file.writeFile(`${JSON.stringify(content, null, 2)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.path)
      if (this.#problem !== null) this.logger.info(`STATE_FILE ${this.path} is up to date again`)
      this.#problem = null
    } catch (error) {
      await unlink(temporary).catch(() => undefined)
      const problem = `STATE_FILE ${this.path} cannot be written (${messageOf(error)}); cameras keep running, but a restart loses the last change. The gateway keeps retrying.`
      if (problem !== this.#problem) this.logger.error(problem)
      this.#problem = problem
      // A newer list is written next; this one must not overwrite it later.
      if (this.#next === null) this.#retryTimer = setTimeout(() => void this.save(cameras), this.retryMs).unref()
    }
  }

  /** Removes temporary files of gateways that were killed during a write. */
  async #removeLeftovers(): Promise<void> {
    const folder = dirname(this.path)
    for (const name of await readdir(folder).catch(() => [])) {
      const pid = name.startsWith(`${basename(this.path)}.`) ? /\.(\d+)\.tmp$/.exec(name)?.[1] : undefined
      if (pid !== undefined && !isAlive(Number(pid))) await unlink(join(folder, name)).catch(() => undefined)
    }
  }

  async #keepAside(why: string): Promise<void> {
    const aside = `${this.path}.damaged-${Date.now()}`
    try {
      await rename(this.path, aside)
      this.logger.error(`STATE_FILE ${this.path} ${why}; the gateway moved it to ${aside}`)
    } catch (error) {
      this.logger.error(`STATE_FILE ${this.path} ${why}, and the gateway could not move it (${messageOf(error)})`)
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}
