// Keeps the newest frame of each topic, tracks the demand for topics, and passes frames from the cameras to the ZeroMQ
// publisher and the HTTP readers.

import type { Frame } from '../types.js'
import { parseTopic } from './rendition-topic.js'
import { Subscriptions } from './subscriptions.js'

type FrameListener = (frame: Frame) => void

// A topic's newest frame is current for three frame intervals, and for this long if that is longer: the age limit of
// the native pipeline, and the time from there to a reader.
const CURRENT_MS = 350
const CURRENT_INTERVALS = 3
/** At most so many topics of a camera are looked at; it encodes fewer. */
const MOST_TOPICS = 64
const NONE: ReadonlySet<string> = new Set()

export class FrameHub {
  readonly #newest = new Map<string, { frame: Frame; currentUntilMs: number }>()
  readonly #readers = new Map<string, Set<FrameListener>>()
  /** Topics with HTTP readers, by camera. */
  readonly #readTopics = new Map<string, Set<string>>()
  /** Readers of the lane, by camera and topic. */
  #laneReaders = new Map<string, Map<string, number>>()
  readonly #everyFrame = new Set<FrameListener>()
  readonly #demandListeners = new Map<string, Set<() => void>>()
  readonly #subscriptions = new Subscriptions()
  /** Cameras of which the demand has changed since the listeners last ran; null: of all. */
  #changed: Set<string> | null = new Set()
  #notifying = false
  /** Whether a camera pauses: then its newest frames stay current. */
  pauses: (camera: string) => boolean = () => false
  /** Called for each topic that is forgotten. */
  onForget: (topic: string) => void = () => undefined

  /** Passes a frame on, unless it is already too old for readers. @param intervalMs at least, between two frames. */
  put(frame: Frame, intervalMs = 0): void {
    const before = this.#newest.get(frame.topic)?.frame
    const sinceMs = before ? frame.receivedAtMs - before.receivedAtMs : 0
    const limitMs = Math.max(CURRENT_MS, CURRENT_INTERVALS * Math.max(intervalMs, sinceMs))
    this.#newest.set(frame.topic, { frame, currentUntilMs: frame.receivedAtMs + limitMs })
    if (!this.current(frame.topic)) return
    for (const listener of this.#everyFrame) listener(frame)
    for (const listener of this.#readers.get(frame.topic) ?? []) listener(frame)
  }

  /** The last frame of a topic; undefined once the next one is overdue. There is no way to get an old one. */
  current(topic: string): Frame | undefined {
    const newest = this.#newest.get(topic)
    if (!newest) return undefined
    return performance.now() <= newest.currentUntilMs || this.pauses(newest.frame.camera) ? newest.frame : undefined
  }

  /** For a topic that is no longer encoded, or a camera that is not live: its last frame must not pass as the newest. */
  forget(topic: string): void {
    this.#newest.delete(topic)
    this.onForget(topic)
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
    if (readers.size === 1) this.#setRead(topic, true)
    return () => {
      if (!readers.delete(listener) || readers.size > 0) return
      if (this.#readers.get(topic) !== readers) return
      this.#readers.delete(topic)
      this.#setRead(topic, false)
    }
  }

  /** How many subscribers a prefix of topics has now. */
  setSubscribers(prefix: string, count: number): void {
    const camera = this.#subscriptions.set(prefix, count)
    if (camera !== undefined) this.#demandChanged(camera)
  }

  /** How many readers of the lane each topic has now. */
  setLaneReaders(list: { topic: string; readers: number }[]): void {
    const before = this.#laneReaders
    this.#laneReaders = new Map()
    for (const { topic, readers } of list) {
      const camera = parseTopic(topic)?.camera
      if (camera === undefined) continue
      const topics = this.#laneReaders.get(camera) ?? new Map<string, number>()
      this.#laneReaders.set(camera, topics.set(topic, readers))
    }
    for (const camera of new Set([...before.keys(), ...this.#laneReaders.keys()])) this.#demandChanged(camera)
  }

  /** Whether a topic has readers besides those of the lane. */
  wantsJpeg(topic: string): boolean {
    if (this.#readers.has(topic)) return true
    const camera = parseTopic(topic)?.camera ?? topic
    return this.#subscriptions.topics(camera).has(topic) || (topic === camera && this.#subscriptions.meant(camera) > 0)
  }

  /** All subscribers are gone. */
  clearSubscriptions(): void {
    this.#subscriptions.clear()
    this.#demandChanged(null)
  }

  /** Calls back soon after the demand for a camera has changed, once for all changes until then. */
  onDemand(camera: string, listener: () => void): () => void {
    const listeners = this.#demandListeners.get(camera) ?? new Set()
    this.#demandListeners.set(camera, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#demandListeners.get(camera) === listeners) this.#demandListeners.delete(camera)
    }
  }

  /** HTTP readers of a topic. */
  readers(topic: string): number {
    return this.#readers.get(topic)?.size ?? 0
  }

  /** Readers of all topics of a camera: of the lane, ZeroMQ subscriptions and HTTP readers. */
  readersByKind(camera: string): { lane: number; zmq: number; http: number } {
    let http = this.readers(camera)
    for (const topic of this.#readTopics.get(camera) ?? NONE) if (topic !== camera) http += this.readers(topic)
    const lane = [...(this.#laneReaders.get(camera)?.values() ?? [])].reduce((sum, readers) => sum + readers, 0)
    return { lane, zmq: this.#subscriptions.count(camera), http }
  }

  /** The topics of a camera that have readers; its own comes first, then those of subscribers, oldest first. */
  demandedTopics(camera: string): string[] {
    const subscribed = this.#subscriptions
    const topics = new Set<string>()
    const local = this.#laneReaders.get(camera)
    if (this.wantsJpeg(camera) || local?.has(camera)) topics.add(camera)
    for (const some of [
      subscribed.topics(camera).keys(),
      local?.keys() ?? NONE,
      this.#readTopics.get(camera) ?? NONE,
    ]) {
      for (const topic of some) {
        if (topics.size >= MOST_TOPICS) break
        topics.add(topic)
      }
    }
    return [...topics]
  }

  #setRead(topic: string, read: boolean): void {
    const camera = parseTopic(topic)?.camera
    if (camera === undefined) return
    const topics = this.#readTopics.get(camera) ?? new Set()
    if (read) topics.add(topic)
    else topics.delete(topic)
    if (topics.size > 0) this.#readTopics.set(camera, topics)
    else this.#readTopics.delete(camera)
    this.#demandChanged(camera)
  }

  #demandChanged(camera: string | null): void {
    if (camera === null) this.#changed = null
    else this.#changed?.add(camera)
    if (this.#notifying) return
    this.#notifying = true
    setImmediate(() => {
      this.#notifying = false
      const cameras = this.#changed ?? [...this.#demandListeners.keys()]
      this.#changed = new Set()
      for (const name of cameras) for (const listener of this.#demandListeners.get(name) ?? []) listener()
    })
  }
}
