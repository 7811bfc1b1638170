// Which renditions of one camera are decoded and encoded: those that readers want, while there is memory for them.

import type { CameraSettings } from '../camera-settings.js'
import { parseTopic } from '../frames/rendition-topic.js'
import { recentMemoryLeftMb } from '../memory.js'
import type { Announced, Lane, NativeFrame, Pipeline } from '../native.js'
import type { Logger } from '../types.js'
import { expectMemory, shortForRenditions } from './capacity.js'
import { Demand, renditionsOf, type Wanted } from './demand.js'
import { decoderPixels, decodingMb, renditionMb, USUAL_PIXELS } from './encoding-memory.js'
import { FrameOutput, type FrameSink } from './frame-output.js'

export interface EncodingDeps {
  lane: Lane | null
  frames: FrameSink & Wanted
  logger: Logger
}

export class Encoding {
  readonly #demand: Demand
  readonly #output: FrameOutput
  readonly #demandOff: () => void
  /** Of the current session; null between sessions. */
  #pipeline: Pipeline | null = null
  /** Of this session or the last one; null: unknown. */
  #announced: Announced | null = null
  /** A stream whose decoder needs more is not decoded. */
  #mostPixels = Infinity

  /** @param ownWidth of the camera's pictures; null: unknown. */
  constructor(
    readonly settings: CameraSettings,
    readonly deps: EncodingDeps,
    readonly ownWidth: () => number | null,
    /** How much memory is left, in MiB. */
    readonly leftMb: () => number = recentMemoryLeftMb,
  ) {
    const { name } = settings
    const { frames, lane, logger } = deps
    this.#output = new FrameOutput(name, frames)
    const events = {
      changed: (topics: string[], jpeg: ReadonlySet<string>) => this.#encode(topics, jpeg),
      refused: (topic: string, why: string, isNew: boolean) => {
        lane?.refuse(topic, why)
        if (isNew) logger.warn(`rendition ${topic} is not encoded: ${why}`, { camera: name })
      },
    }
    const room = {
      neededMb: (topic: string, first: boolean) =>
        (first ? decodingMb(this.#pictures) : 0) + renditionMb(this.#pictures, this.#widthOf(topic)),
      lacks: (mb: number, besidesMb: number) => shortForRenditions(this.leftMb() - besidesMb, mb),
      take: (mb: number) => void expectMemory(mb),
    }
    this.#demand = new Demand(
      () => this.#wanted(),
      events,
      (topic) => frames.wantsJpeg(topic),
      room,
    )
    this.#demandOff = frames.onDemand(name, () => this.#demand.update())
    this.#demand.update()
  }

  /** The topics that are encoded. */
  get topics(): string[] {
    return this.#demand.topics
  }
  /** The topics that have readers and are not encoded, and why. */
  get refused(): ReadonlyMap<string, string> {
    return this.#demand.refused
  }
  /** Frames given to readers as JPEGs in this session. */
  get published(): number {
    return this.#output.published
  }
  /** MiB that the next session will take for what is encoded. */
  get takesMb(): number {
    const sum = this.topics.reduce((sum, topic) => sum + renditionMb(this.#pictures, this.#widthOf(topic)), 0)
    return sum === 0 ? 0 : sum + decodingMb(this.#pictures)
  }

  /** Why a reader of the topic that came now would get no frame; null if it would. */
  whyNot(topic: string): string | null {
    return this.#demand.whyNot(topic)
  }

  sessionBegins(pipeline: Pipeline): void {
    this.#output.sessionBegins()
    this.#pipeline = pipeline
    this.#demand.update()
    pipeline.setRenditions(this.#output.renditions, this.#mostPixels)
  }

  sessionEnds(): void {
    this.#pipeline = null
  }

  /** The stream has announced other pictures. */
  picturesAre(announced: Announced): void {
    this.#announced = announced
    if (announced.decoderPixels > this.#mostPixels) this.#demand.updateAll()
    else this.#demand.update()
  }

  put(frame: NativeFrame): void {
    this.#output.put(frame)
  }

  /** For a camera that is not live: its last frames no longer show the present. */
  forget(): void {
    this.#output.forget()
  }

  close(): void {
    this.#demandOff()
    this.#demand.close()
  }

  get #pictures() {
    return { announced: this.#announced, width: this.ownWidth() }
  }

  #widthOf(topic: string): number {
    return parseTopic(topic)?.size?.width ?? this.settings.scaleWidth
  }

  /** Between sessions nothing new is granted: the next session may find less memory, or larger pictures. */
  #wanted(): string[] {
    const wanted = this.deps.frames.demandedTopics(this.settings.name)
    if (this.#pipeline || this.leftMb() === Infinity) return wanted
    return wanted.filter((topic) => this.topics.includes(topic))
  }

  #encode(topics: string[], jpeg: ReadonlySet<string>): void {
    this.#output.encode(renditionsOf(topics, jpeg, this.settings))
    // Without readers, a camera is decoded only if its GOPs are too long for the cache.
    const pixels = topics.length > 0 ? decoderPixels(this.#pictures) : USUAL_PIXELS
    this.#mostPixels = this.leftMb() === Infinity ? Infinity : pixels
    this.#pipeline?.setRenditions(this.#output.renditions, this.#mostPixels)
  }
}
