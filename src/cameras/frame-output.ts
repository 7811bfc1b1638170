// Numbers a camera's frames and puts them into the hub.

import type { NativeFrame, Rendition } from '../native.js'
import type { Frame } from '../types.js'

export interface FrameSink {
  /** @param intervalMs at least, between two frames of the topic. */
  put(frame: Frame, intervalMs: number): void
  /** The topic's newest frame is no longer valid. */
  forget(topic: string): void
}

// Of so many topics, the numbers continue if they are encoded again.
const REMEMBERED_TOPICS = 64

export class FrameOutput {
  /** Those encoded last come last. */
  readonly #nextSeq = new Map<string, number>()
  /** Those that are encoded now. */
  #renditions: Rendition[] = []
  #published = 0

  constructor(
    readonly camera: string,
    readonly frames: FrameSink,
  ) {}

  get renditions(): Rendition[] {
    return this.#renditions
  }
  /** Frames of all topics in this session. */
  get published(): number {
    return this.#published
  }

  sessionBegins(): void {
    this.#published = 0
  }

  put(native: NativeFrame): void {
    const { rendition, receivedAtUs, handedOverAtUs } = native
    const made = this.#renditions.find(({ id }) => id === rendition)
    // Made before its rendition ended, or before the last reader of JPEGs left: no reader may find it later.
    if (!made || made.jpeg === false) return
    const seq = this.#nextSeq.get(rendition) ?? 0
    this.#nextSeq.set(rendition, seq + 1)
    this.#published++
    const frame = {
      topic: rendition,
      camera: this.camera,
      seq,
      jpegBytes: native.jpegBytes,
      width: native.width,
      height: native.height,
      sourceWidth: native.sourceWidth,
      sourceHeight: native.sourceHeight,
      receivedAtUs,
      receivedAtMs: performance.now() - (handedOverAtUs - receivedAtUs) / 1000,
      publishedAtUs: handedOverAtUs,
      capturedAtUs: native.capturedAtUs,
    }
    this.frames.put(frame, 1000 / made.fps)
  }

  /** From now on, frames of these renditions are put; those of all others are forgotten and dropped. */
  encode(renditions: Rendition[]): void {
    const topics = renditions.map(({ id }) => id)
    // Without JPEGs, the last one is soon not the newest frame, even of a camera that pauses.
    const encoded = new Set(renditions.filter(({ jpeg }) => jpeg !== false).map(({ id }) => id))
    for (const { id } of this.#renditions) if (!encoded.has(id)) this.frames.forget(id)
    this.#renditions = renditions
    for (const topic of topics) {
      const seq = this.#nextSeq.get(topic) ?? 0
      this.#nextSeq.delete(topic)
      this.#nextSeq.set(topic, seq)
    }
    for (const topic of this.#nextSeq.keys()) {
      if (this.#nextSeq.size <= REMEMBERED_TOPICS) break
      this.#nextSeq.delete(topic)
    }
  }

  /** For a camera that is not live: its last frames no longer show the present. */
  forget(): void {
    for (const { id } of this.#renditions) this.frames.forget(id)
  }
}
