// The list of cameras on disk, so that it survives a restart: written atomically,
// readable by its owner alone, since it holds the cameras' passwords.

import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { cameraSettingsJson, fromJson, toJson, type CameraSettings } from '../camera-settings.js'
import { codeOf, messageOf } from '../errors.js'
import type { Logger } from '../types.js'

const VERSION = 1
// A disk that was full may have room again; nobody would think of saving again.
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

  /** Why the newest list is not on disk; null: it is. */
  get problem(): string | null {
    return this.#problem
  }

  /** What can be read; a damaged file is kept aside and told, the rest restored. */
  async load(): Promise<CameraSettings[]> {
    await this.#removeLeftovers()
    let text: string
    try {
      text = await readFile(this.path, 'utf8')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') await this.#keepAside(`it cannot be read (${messageOf(error)})`)
      return []
    }
    let entries: unknown[]
    try {
      const content = JSON.parse(text) as { version?: unknown; cameras?: unknown }
      if (content.version !== VERSION || !Array.isArray(content.cameras)) throw new Error('it is not a list of cameras')
      entries = content.cameras
    } catch (error) {
      await this.#keepAside(`it is damaged (${messageOf(error)})`)
      return []
    }
    const good: CameraSettings[] = []
    for (const entry of entries) {
      const parsed = cameraSettingsJson.safeParse(entry)
      if (parsed.success) good.push(fromJson(parsed.data))
    }
    if (good.length < entries.length) {
      await this.#keepAside(`${entries.length - good.length} of ${entries.length} cameras in it cannot be read`)
    }
    return good
  }

  /** Writes the newest list, later where it cannot now; calls that come while it writes are one write. Never throws. */
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
        await file.chmod(0o600) // Also where an older temporary file was left.
        await file.writeFile(`${JSON.stringify(content, null, 2)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.path)
      if (this.#problem !== null) this.logger.info(`STATE_FILE ${this.path} is written again`)
      this.#problem = null
    } catch (error) {
      await unlink(temporary).catch(() => undefined)
      const problem = `STATE_FILE ${this.path} cannot be written (${messageOf(error)}); cameras run on, but a restart will not know the last change`
      if (problem !== this.#problem) this.logger.error(problem)
      this.#problem = problem
      // A newer list that came meanwhile is written next; this one must not come after it.
      if (this.#next === null) this.#retryTimer = setTimeout(() => void this.save(cameras), this.retryMs).unref()
    }
  }

  /** Temporary files of gateways that were killed while they wrote. */
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
      this.logger.error(`STATE_FILE ${this.path}: ${why}; kept aside as ${aside}`)
    } catch (error) {
      this.logger.error(`STATE_FILE ${this.path}: ${why}; it could not be kept aside (${messageOf(error)})`)
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
