// Keeps the list of cameras on disk across restarts. Writes are atomic. Only the owner can read the file, since it
// holds the cameras' passwords.

import { copyFile, link, mkdir, readdir, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { cameraSettingsJson, fromJson, toJson, type CameraSettings } from '../camera-settings.js'
import { codeOf, ConfigError, messageOf } from '../errors.js'
import { readSmallFile, replaceFile } from '../files.js'
import { isRunning } from '../processes.js'
import type { Logger } from '../types.js'

const VERSION = 1
// A full disk may have room again, and the next change to save may be far off.
const RETRY_MS = 5000
// Of hundreds of cameras.
const MOST_BYTES = 16 * 1024 * 1024

/** A camera of the saved list. */
export type SavedCamera = CameraSettings & {
  /** It has never been live. */
  neverLive?: true
}

/** Keeps the list of cameras across restarts. */
export interface CameraStore {
  load(): Promise<SavedCamera[]>
  /** Never throws. */
  save(cameras: SavedCamera[]): Promise<void>
}

export class StateFile implements CameraStore {
  #writing: Promise<void> = Promise.resolve()
  #next: SavedCamera[] | null = null
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

  /**
   * All cameras that can be read, from the copy if the file is damaged. The rest is logged and kept under another name.
   * @throws ConfigError, and leaves the file alone, if it is not a state file or cannot be read now.
   */
  async load(): Promise<SavedCamera[]> {
    await this.#removeLeftovers()
    const text = this.#read()
    if (text === null) return []
    let entries: unknown[]
    try {
      entries = entriesOf(text)
    } catch (error) {
      const copied = this.#copied()
      if (!beginsAsOurs(text) && copied.length === 0)
        throw new ConfigError(`STATE_FILE: expected a file that the gateway has written, or none; got ${this.path}`)
      await this.#keepAside(`is damaged (${messageOf(error)})`, copied)
      if (copied.length > 0) this.logger.warn(`${copied.length} cameras come from ${this.#copyPath} instead`)
      return copied
    }
    const good = camerasIn(entries)
    if (good.length < entries.length) {
      await this.#keepAside(`has invalid entries (${entries.length - good.length} of ${entries.length} cameras)`, good)
    }
    return good
  }

  /** Writes the list, and retries if that fails. Calls during a write are merged into one. Never throws. */
  save(cameras: SavedCamera[]): Promise<void> {
    if (this.#retryTimer) clearTimeout(this.#retryTimer)
    const idle = this.#next === null
    this.#next = cameras
    if (idle) this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    const cameras = this.#next ?? []
    this.#next = null
    const text = `${JSON.stringify({ version: VERSION, cameras: cameras.map(toJson) }, null, 2)}\n`
    try {
      // One after the other: a power cut damages one of them at most.
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
      await replaceFile(this.path, text, true)
      await replaceFile(this.#copyPath, text, true).catch(() => undefined)
      if (this.#problem !== null) this.logger.info(`STATE_FILE ${this.path} is up to date again`)
      this.#problem = null
    } catch (error) {
      const problem = `STATE_FILE ${this.path} cannot be written (${messageOf(error).split(',')[0]}); cameras keep running, but a restart loses the last change. The gateway keeps retrying.`
      if (problem !== this.#problem) this.logger.error(problem)
      this.#problem = problem
      // A newer list is written next; this one must not overwrite it later.
      if (this.#next === null) this.#retryTimer = setTimeout(() => void this.save(cameras), this.retryMs).unref()
    }
  }

  get #copyPath(): string {
    return `${this.path}.copy`
  }

  /** The cameras of the last list that was written twice; none if that cannot be read either. */
  #copied(): SavedCamera[] {
    try {
      return camerasIn(entriesOf(readSmallFile(this.#copyPath, MOST_BYTES)))
    } catch {
      return []
    }
  }

  /** Removes temporary files of gateways that were killed during a write. */
  async #removeLeftovers(): Promise<void> {
    const folder = dirname(this.path)
    for (const name of await readdir(folder).catch(() => [])) {
      const pid = name.startsWith(`${basename(this.path)}.`) ? /\.(\d+)\.[0-9a-f]+\.tmp$/.exec(name)?.[1] : undefined
      // In containers, each run has the same process id.
      if (pid !== undefined && (Number(pid) === process.pid || !isRunning(Number(pid))))
        await unlink(join(folder, name)).catch(() => undefined)
    }
  }

  /** @returns null if there is no file yet. */
  #read(): string | null {
    try {
      return readSmallFile(this.path, MOST_BYTES)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw new ConfigError(`STATE_FILE: expected a readable file, or none; got ${this.path} (${messageOf(error)})`)
    }
  }

  /** Keeps the whole file under another name, and replaces it by the cameras that can be read. */
  async #keepAside(why: string, good: SavedCamera[]): Promise<void> {
    const aside = `${this.path}.damaged-${Date.now()}`
    try {
      // A link takes no space on a full disk. Not every file system has links.
      await link(this.path, aside).catch(() => copyFile(this.path, aside))
    } catch (error) {
      this.logger.error(`STATE_FILE ${this.path} ${why}, and the gateway could not copy it (${messageOf(error)})`)
      return
    }
    this.logger.error(`STATE_FILE ${this.path} ${why}; the gateway copied it to ${aside}`)
    await this.save(good)
  }
}

// Missing in the files of older versions, whose cameras have probably been live.
const savedCameraJson = cameraSettingsJson.extend({ never_live: z.literal(true).optional() })

function entriesOf(text: string): unknown[] {
  const content = JSON.parse(text) as { version?: unknown; cameras?: unknown }
  if (content.version !== VERSION || !Array.isArray(content.cameras)) throw new Error('not a list of cameras')
  return content.cameras
}

/** Whether the text may be what is left of a state file: after a power cut also nothing, or zeros. */
function beginsAsOurs(text: string): boolean {
  const begin = '{"version":'
  const plain = text.replace(/[\s\0]/g, '')
  return plain.startsWith(begin) || begin.startsWith(plain)
}

function camerasIn(entries: unknown[]): SavedCamera[] {
  const cameras: SavedCamera[] = []
  for (const entry of entries) {
    const parsed = savedCameraJson.safeParse(entry)
    if (!parsed.success) continue
    const { never_live: neverLive, ...settings } = parsed.data
    cameras.push({ ...fromJson(settings), ...(neverLive ? { neverLive } : {}) })
  }
  return cameras
}
