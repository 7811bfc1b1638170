// What ZeroMQ subscribers want, by camera. A change costs the same however many subscriptions there are.

import { CAMERA_NAME } from '../camera-settings.js'
import { parseTopic } from './rendition-topic.js'

const NAME_START = /^[A-Za-z0-9_-]{0,64}$/
const NONE: ReadonlyMap<string, number> = new Map()

export class Subscriptions {
  /** Whole topics by camera, oldest first, with the number of their subscribers. */
  readonly #topics = new Map<string, Map<string, number>>()
  /** Beginnings of names, which mean every camera that begins so. */
  readonly #beginnings = new Map<string, number>()

  /**
   * Sets how many subscribers a prefix has. Those that no topic can begin with have no effect.
   * @returns the camera whose demand this changes; null if of several cameras; undefined if of none.
   */
  set(prefix: string, count: number): string | null | undefined {
    // A rendition is demanded by its whole name; a shorter prefix could mean any.
    const parsed = prefix.endsWith('\0') ? parseTopic(prefix.slice(0, -1)) : null
    if (!parsed) return NAME_START.test(prefix) && setCount(this.#beginnings, prefix, count) ? null : undefined
    const topics = this.#topics.get(parsed.camera) ?? new Map<string, number>()
    const changed = setCount(topics, prefix.slice(0, -1), count)
    if (topics.size > 0) this.#topics.set(parsed.camera, topics)
    else this.#topics.delete(parsed.camera)
    return changed ? parsed.camera : undefined
  }

  clear(): void {
    this.#topics.clear()
    this.#beginnings.clear()
  }

  /** The topics of a camera that have subscribers, with the number of those. */
  topics(camera: string): ReadonlyMap<string, number> {
    return this.#topics.get(camera) ?? NONE
  }

  /** How many subscribers ask for the camera's own topic by a shorter prefix. */
  meant(camera: string): number {
    if (this.#beginnings.size === 0 || !CAMERA_NAME.test(camera)) return 0
    let count = 0
    for (let length = 0; length <= camera.length; length++) count += this.#beginnings.get(camera.slice(0, length)) ?? 0
    return count
  }

  /** Subscribers to any topic of a camera. */
  count(camera: string): number {
    let count = this.meant(camera)
    for (const subscribers of this.topics(camera).values()) count += subscribers
    return count
  }
}

/** @returns whether the key was added or removed. */
function setCount(counts: Map<string, number>, key: string, count: number): boolean {
  const had = counts.has(key)
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
  return had !== count > 0
}
