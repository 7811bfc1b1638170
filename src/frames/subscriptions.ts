// What ZeroMQ subscribers want, by camera. A change costs the same however many subscriptions there are.

import { CAMERA_NAME } from '../camera-settings.js'
import { parseTopic } from './rendition-topic.js'

const NAME_START = /^[A-Za-z0-9_-]{0,64}$/
const NONE: ReadonlySet<string> = new Set()

export class Subscriptions {
  /** Whole topics, oldest first. */
  readonly #topics = new Map<string, Set<string>>()
  /** Beginnings of names, which mean every camera that begins so. */
  readonly #beginnings = new Set<string>()

  /**
   * Adds a prefix, or removes it. Those that no topic can begin with have no effect.
   * @returns the camera that it is about; null if it is about several; undefined if about none.
   */
  set(prefix: string, wanted: boolean): string | null | undefined {
    // A rendition is demanded by its whole name; a shorter prefix could mean any.
    const parsed = prefix.endsWith('\0') ? parseTopic(prefix.slice(0, -1)) : null
    if (!parsed) {
      if (!NAME_START.test(prefix)) return undefined
      if (wanted) this.#beginnings.add(prefix)
      else this.#beginnings.delete(prefix)
      return null
    }
    const topics = this.#topics.get(parsed.camera) ?? new Set()
    if (wanted) topics.add(prefix.slice(0, -1))
    else topics.delete(prefix.slice(0, -1))
    if (topics.size > 0) this.#topics.set(parsed.camera, topics)
    else this.#topics.delete(parsed.camera)
    return parsed.camera
  }

  clear(): void {
    this.#topics.clear()
    this.#beginnings.clear()
  }

  /** The topics of a camera that have subscribers. */
  topics(camera: string): ReadonlySet<string> {
    return this.#topics.get(camera) ?? NONE
  }

  /** Whether a shorter prefix asks for the camera's own topic. */
  meant(camera: string): boolean {
    if (this.#beginnings.size === 0 || !CAMERA_NAME.test(camera)) return false
    for (let length = 0; length <= camera.length; length++)
      if (this.#beginnings.has(camera.slice(0, length))) return true
    return false
  }
}
