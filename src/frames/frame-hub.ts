// Keeps the newest frame of each topic, tracks the demand for topics, and passes frames from the cameras to the ZeroMQ
// publisher and the HTTP readers.

import type { Frame } from '../types.js'
import { parseTopic } from './rendition-topic.js'

type FrameListener = (frame: Frame) => void

// A topic's newest frame is current for three frame intervals, and for this long if that is longer.
const CURRENT_MS = 250
const CURRENT_INTERVALS = 3

export class FrameHub {
  readonly #newest = new Map<string, { frame: Frame; currentUntilMs: number }>()
  readonly #readers = new Map<string, Set<FrameListener>>()
  readonly #everyFrame = new Set<FrameListener>()
  readonly #demandListeners = new Set<() => void>()
  /** Prefixes of ZeroMQ subscribers, oldest first. */
  #subscriptions: ReadonlySet<string> = new Set()

  put(frame: Frame): void {
    const before = this.#newest.get(frame.topic)?.frame
    const intervalMs = before ? frame.receivedAtMs - before.receivedAtMs : 0
    const currentUntilMs = frame.receivedAtMs + Math.max(CURRENT_MS, CURRENT_INTERVALS * intervalMs)
    this.#newest.set(frame.topic, { frame, currentUntilMs })
    for (const listener of this.#everyFrame) listener(frame)
    for (const listener of this.#readers.get(frame.topic) ?? []) listener(frame)
  }

  /** The last frame of a topic, of any age. */
  newest(topic: string): Frame | undefined {
    return this.#newest.get(topic)?.frame
  }

  /** The same; undefined once the next frame is overdue. */
  current(topic: string): Frame | undefined {
    const newest = this.#newest.get(topic)
    return newest && performance.now() <= newest.currentUntilMs ? newest.frame : undefined
  }

  /** For a topic that is no longer encoded, or a camera that is not live: its last frame must not pass as the newest. */
  forget(topic: string): void {
    this.#newest.delete(topic)
  }

  /** Receives every frame of every topic, without creating demand. */
  onFrame(listener: FrameListener): void {
    this.#everyFrame.add(listener)
  }

  /** Demands a topic and receives its frames until the returned function is called. */
  read(topic: string, listener: FrameListener): () => void {
    const readers = this.#readers.get(topic) ?? new Set()
    this.#readers.set(topic, readers)
    readers.add(listener)
    if (readers.size === 1) this.#notifyDemand()
    return () => {
      if (!readers.delete(listener) || readers.size > 0) return
      if (this.#readers.get(topic) === readers) this.#readers.delete(topic)
      this.#notifyDemand()
    }
  }

  setSubscriptions(prefixes: ReadonlySet<string>): void {
    this.#subscriptions = prefixes
    this.#notifyDemand()
  }

  onDemand(listener: () => void): () => void {
    this.#demandListeners.add(listener)
    return () => this.#demandListeners.delete(listener)
  }

  /** HTTP readers of a topic. */
  readers(topic: string): number {
    return this.#readers.get(topic)?.size ?? 0
  }

  /** The topics of a camera that have readers; its own comes first. */
  demandedTopics(camera: string): string[] {
    const topics = new Set<string>()
    const own = `${camera}\0`
    for (const prefix of this.#subscriptions) {
      if (own.startsWith(prefix)) topics.add(camera)
    }
    if (this.#readers.has(camera)) topics.add(camera)
    for (const prefix of this.#subscriptions) {
      // A rendition is demanded by its whole name; a shorter prefix could mean any.
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

  #notifyDemand(): void {
    for (const listener of this.#demandListeners) listener()
  }
}
