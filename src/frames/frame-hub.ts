// The newest frame of each topic, who wants which topic, and the fan-out to them.
// Cameras put frames in; the ZeroMQ publisher and HTTP readers take them out.

import type { Frame } from '../types.js'
import { parseTopic } from './rendition-topic.js'

type FrameListener = (frame: Frame) => void

export class FrameHub {
  readonly #newest = new Map<string, Frame>()
  readonly #readers = new Map<string, Set<FrameListener>>()
  readonly #everyFrame = new Set<FrameListener>()
  readonly #demandListeners = new Set<() => void>()
  /** Prefixes that ZeroMQ subscribers asked for, as they came. */
  #subscriptions: ReadonlySet<string> = new Set()

  put(frame: Frame): void {
    this.#newest.set(frame.topic, frame)
    for (const listener of this.#everyFrame) listener(frame)
    for (const listener of this.#readers.get(frame.topic) ?? []) listener(frame)
  }

  newest(topic: string): Frame | undefined {
    return this.#newest.get(topic)
  }

  /** What is no longer made must not be handed out as newest. */
  forget(topic: string): void {
    this.#newest.delete(topic)
  }

  /** Every frame of every topic, without asking for any to be made. */
  onFrame(listener: FrameListener): void {
    this.#everyFrame.add(listener)
  }

  /** Asks for a topic to be made, and hears its frames, until the returned function is called. */
  read(topic: string, listener: FrameListener): () => void {
    const readers = this.#readers.get(topic) ?? new Set()
    this.#readers.set(topic, readers)
    readers.add(listener)
    if (readers.size === 1) this.#tellDemand()
    return () => {
      if (!readers.delete(listener) || readers.size > 0) return
      if (this.#readers.get(topic) === readers) this.#readers.delete(topic)
      this.#tellDemand()
    }
  }

  setSubscriptions(prefixes: ReadonlySet<string>): void {
    this.#subscriptions = prefixes
    this.#tellDemand()
  }

  onDemand(listener: () => void): () => void {
    this.#demandListeners.add(listener)
    return () => this.#demandListeners.delete(listener)
  }

  /** How many read a topic over HTTP. */
  readers(topic: string): number {
    return this.#readers.get(topic)?.size ?? 0
  }

  /** The topics of a camera that somebody wants; its own comes first. */
  demandedTopics(camera: string): string[] {
    const topics = new Set<string>()
    const own = `${camera}\0`
    for (const prefix of this.#subscriptions) {
      if (own.startsWith(prefix)) topics.add(camera)
    }
    if (this.#readers.has(camera)) topics.add(camera)
    for (const prefix of this.#subscriptions) {
      // A rendition is asked for by its whole name; a shorter prefix could mean any.
      if (prefix.endsWith('\0') && this.#isRenditionOf(camera, prefix.slice(0, -1))) topics.add(prefix.slice(0, -1))
    }
    for (const topic of this.#readers.keys()) {
      if (this.#isRenditionOf(camera, topic)) topics.add(topic)
    }
    return [...topics]
  }

  #isRenditionOf(camera: string, topic: string): boolean {
    const parsed = topic.startsWith(`${camera}@`) ? parseTopic(topic) : null
    return parsed !== null && parsed.size !== null
  }

  #tellDemand(): void {
    for (const listener of this.#demandListeners) listener()
  }
}
