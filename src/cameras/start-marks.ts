// Remembers, across crashes of the gateway, which cameras were being started. A camera that ends the process again and
// again is thus found, and set aside.

import { z } from 'zod'
import { readOwnFile, replaceFile } from '../files.js'

/** After so many crashes in a row, a camera is not started. */
export const MOST_CRASHES = 3

const marks = z.object({ boot: z.string(), starting: z.array(z.string()), crashes: z.record(z.string(), z.int()) })

export class StartMarks {
  readonly #starting = new Set<string>()
  /** In a row, by camera. */
  #crashes = new Map<string, number>()
  #writing: Promise<void> = Promise.resolve()

  /** @param boot the system's boot: a power cut is not a crash. */
  constructor(
    readonly path: string,
    readonly boot: string,
  ) {}

  /** Call this once, before the first start. */
  async load(): Promise<void> {
    const text = await readOwnFile(this.path)
    const { data } = marks.safeParse(parsed(text))
    if (data?.boot !== this.boot) return
    this.#crashes = new Map(Object.entries(data.crashes))
    for (const name of data.starting) this.#crashes.set(name, this.crashes(name) + 1)
    await this.#save()
  }

  /** How often in a row the gateway has ended while it was starting this camera. */
  crashes(name: string): number {
    return this.#crashes.get(name) ?? 0
  }

  /** Resolves when the mark is on disk. Never throws. */
  async begin(name: string): Promise<void> {
    this.#starting.add(name)
    await this.#save()
  }

  /** The gateway has survived the start, or the camera was stopped. */
  async end(name: string): Promise<void> {
    const known = this.#starting.delete(name)
    if (this.#crashes.delete(name) || known) await this.#save()
  }

  /** A shutdown is not a crash. */
  async close(): Promise<void> {
    this.#starting.clear()
    await this.#save()
  }

  #save(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const content = { boot: this.boot, starting: [...this.#starting], crashes: Object.fromEntries(this.#crashes) }
      // On a full disk, only this protection is missing.
      await replaceFile(this.path, `${JSON.stringify(content)}\n`).catch(() => undefined)
    })
    return this.#writing
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
