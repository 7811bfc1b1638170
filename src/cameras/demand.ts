// Decides which renditions of one camera to encode: those with readers, and for a while those that just lost them.

import type { CameraSettings } from '../camera-settings.js'
import { MAX_RENDITIONS, parseTopic } from '../frames/rendition-topic.js'
import type { Rendition } from '../native.js'

/** Which topics have readers. */
export interface Wanted {
  /** Those of one camera; its own topic comes first. */
  demandedTopics(camera: string): string[]
  /** Calls back when the topics of a camera may have changed. @returns a function that removes the listener. */
  onDemand(camera: string, listener: () => void): () => void
  /** false: all its readers are local ones, which take raw frames. */
  wantsJpeg(topic: string): boolean
}

/** Long enough that polling /snapshot once a second does not restart the decoder. */
export const LINGER_MS = 3000
// A client that subscribes and leaves again and again must not fill the log.
const MAX_REPORTS = 8

export interface DemandEvents {
  /** The topics to make frames of, at most MAX_RENDITIONS, and those of them to encode as JPEG. */
  changed(topics: string[], jpeg: ReadonlySet<string>): void
  /** A wanted topic exceeds the limit. Reported once, until other topics are encoded; of many topics, for a few. */
  refused(topic: string): void
}

export class Demand {
  #topics: string[] = []
  #jpeg: ReadonlySet<string> = new Set()
  readonly #refused = new Set<string>()
  readonly #lingering = new Map<string, NodeJS.Timeout>()

  /** @param wanted the topics that have readers, most important first. */
  constructor(
    readonly wanted: () => string[],
    readonly events: DemandEvents,
    readonly wantsJpeg: (topic: string) => boolean = () => true,
  ) {}

  /** The topics to encode now. */
  get topics(): string[] {
    return this.#topics
  }

  /** Call this whenever `wanted` may have changed. New topics start at once; old ones end LINGER_MS later. */
  update(): void {
    const wanted = this.wanted()
    for (const topic of wanted) this.#endLinger(topic)
    for (const topic of this.#topics) if (!wanted.includes(topic)) this.#linger(topic)

    const topics = [...wanted, ...this.#lingering.keys()].slice(0, MAX_RENDITIONS)
    // A topic without readers lingers as it was.
    const jpeg = topics.filter((topic) => (this.#lingering.has(topic) ? this.#jpeg.has(topic) : this.wantsJpeg(topic)))
    this.#set(topics, new Set(jpeg))
    for (const topic of wanted.slice(MAX_RENDITIONS)) {
      if (this.#refused.has(topic) || this.#refused.size >= MAX_REPORTS) continue
      this.#refused.add(topic)
      this.events.refused(topic)
    }
  }

  close(): void {
    for (const topic of this.#lingering.keys()) this.#endLinger(topic)
  }

  #endLinger(topic: string): void {
    clearTimeout(this.#lingering.get(topic))
    this.#lingering.delete(topic)
  }

  #linger(topic: string): void {
    if (this.#lingering.has(topic)) return
    const end = () => {
      this.#endLinger(topic)
      this.#set(
        this.#topics.filter((other) => other !== topic),
        this.#jpeg,
      )
    }
    this.#lingering.set(topic, setTimeout(end, LINGER_MS))
  }

  #set(topics: string[], jpeg: ReadonlySet<string>): void {
    const same = (topic: string, i: number) => topic === this.#topics[i] && jpeg.has(topic) === this.#jpeg.has(topic)
    if (topics.length === this.#topics.length && topics.every(same)) return
    for (const topic of this.#lingering.keys()) if (!topics.includes(topic)) this.#endLinger(topic)
    this.#topics = topics
    this.#jpeg = jpeg
    this.#refused.clear()
    this.events.changed(topics, jpeg)
  }
}

/** The size and rate of each topic; those of the camera's own topic are its settings. */
export function renditionsOf(topics: string[], jpeg: ReadonlySet<string>, settings: CameraSettings): Rendition[] {
  const { scaleWidth, pubFps, jpegQuality } = settings
  const own = { width: scaleWidth, fps: pubFps }
  return topics.map((id) => ({ id, ...(parseTopic(id)?.size ?? own), jpegQuality, jpeg: jpeg.has(id) }))
}
