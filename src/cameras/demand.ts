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
const TOO_MANY = `the camera has the maximum of ${MAX_RENDITIONS} renditions; ask for one of those, or end the readers of one`

// How often a topic that was refused for want of memory is looked at again.
const RETRY_MS = 1000

export interface DemandEvents {
  /** The topics to make frames of, at most MAX_RENDITIONS, and those of them to encode as JPEG. */
  changed(topics: string[], jpeg: ReadonlySet<string>): void
  /**
   * A wanted topic is not encoded. Called again at each look.
   * @param isNew once, until other topics are encoded; of many topics, for a few.
   */
  refused(topic: string, why: string, isNew: boolean): void
}

/** The memory for decoding and encoding. */
export interface Room {
  /** MiB. @param first no topic of the camera is encoded yet, so that it is not decoded either. */
  neededMb(topic: string, first: boolean): number
  /** Why so many MiB cannot be had; null if they can. @param besidesMb those that other topics are about to get. */
  lacks(mb: number, besidesMb: number): string | null
  take(mb: number): void
}

const ANY_ROOM: Room = { neededMb: () => 0, lacks: () => null, take: () => undefined }

export class Demand {
  #topics: string[] = []
  #jpeg: ReadonlySet<string> = new Set()
  readonly #reported = new Set<string>()
  #refused: ReadonlyMap<string, string> = new Map()
  #retry: NodeJS.Timeout | undefined
  readonly #lingering = new Map<string, NodeJS.Timeout>()

  /** @param wanted the topics that have readers, most important first. */
  constructor(
    readonly wanted: () => string[],
    readonly events: DemandEvents,
    readonly wantsJpeg: (topic: string) => boolean = () => true,
    readonly room: Room = ANY_ROOM,
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

    const { topics, refused, mb } = this.#choose([...wanted, ...this.#lingering.keys()])
    if (mb > 0) this.room.take(mb)
    // A topic without readers lingers as it was.
    const jpeg = topics.filter((topic) => (this.#lingering.has(topic) ? this.#jpeg.has(topic) : this.wantsJpeg(topic)))
    this.#set(topics, new Set(jpeg))
    for (const topic of this.#lingering.keys()) refused.delete(topic)
    this.#refuse(refused)
  }

  /** The camera's pictures have become larger: what was granted no longer counts. */
  updateAll(): void {
    this.#set([], new Set())
    this.update()
  }

  /** The wanted topics that are not encoded, and why. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused
  }

  /** Why the topic would not be encoded if a reader came now; null if it would. */
  whyNot(topic: string): string | null {
    if (this.#topics.includes(topic)) return null
    const wanted = this.wanted()
    const all = parseTopic(topic)?.size === null ? [topic, ...wanted] : [...wanted, topic]
    return this.#choose([...new Set(all)]).refused.get(topic) ?? null
  }

  close(): void {
    for (const topic of this.#lingering.keys()) this.#endLinger(topic)
    clearTimeout(this.#retry)
  }

  /** Those that may be encoded, and the MiB that they need besides. Those that are encoded already remain. */
  #choose(wanted: string[]): { topics: string[]; refused: Map<string, string>; mb: number } {
    const first = wanted.slice(0, MAX_RENDITIONS)
    const topics = first.filter((topic) => this.#topics.includes(topic))
    const refused = new Map(wanted.slice(MAX_RENDITIONS).map((topic) => [topic, TOO_MANY]))
    let mb = 0
    for (const topic of first) {
      if (topics.includes(topic)) continue
      const neededMb = this.room.neededMb(topic, topics.length === 0)
      const why = this.room.lacks(neededMb, mb)
      if (why !== null) {
        refused.set(topic, why)
        continue
      }
      topics.push(topic)
      mb += neededMb
    }
    return { topics: first.filter((topic) => topics.includes(topic)), refused, mb }
  }

  #refuse(refused: ReadonlyMap<string, string>): void {
    this.#refused = refused
    clearTimeout(this.#retry)
    if (refused.size > 0) this.#retry = setTimeout(() => this.update(), RETRY_MS).unref()
    for (const [topic, why] of refused) {
      const isNew = !this.#reported.has(topic) && this.#reported.size < MAX_REPORTS
      if (isNew) this.#reported.add(topic)
      this.events.refused(topic, why, isNew)
    }
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
    this.#reported.clear()
    this.events.changed(topics, jpeg)
  }
}

/** The size and rate of each topic; those of the camera's own topic are its settings. */
export function renditionsOf(topics: string[], jpeg: ReadonlySet<string>, settings: CameraSettings): Rendition[] {
  const { scaleWidth, pubFps, jpegQuality } = settings
  const own = { width: scaleWidth, fps: pubFps }
  return topics.map((id) => ({ id, ...(parseTopic(id)?.size ?? own), jpegQuality, jpeg: jpeg.has(id) }))
}
