// Numbers a camera's frames and puts them into the hub.

import type { NativeFrame } from '../native.js'
import type { Frame } from '../types.js'

export interface FrameSink {
  put(frame: Frame): void
  /** The topic's newest frame is no longer valid. */
  forget(topic: string): void
}

export class FrameOutput {
  readonly #nextSeq = new Map<string, number>()
  #published = 0
  #cameraTime = false

  constructor(
    readonly camera: string,
    readonly frames: FrameSink,
  ) {}

  /** Frames of all topics in this session. */
  get published(): number {
    return this.#published
  }

  /** @param cameraTime whether capturedAtUs is by the camera's own clock. */
  sessionBegins(cameraTime: boolean): void {
    this.#cameraTime = cameraTime
    this.#published = 0
  }

  put(native: NativeFrame): void {
    const { rendition, receivedAtUs, handedOverAtUs } = native
    const seq = this.#nextSeq.get(rendition) ?? 0
    this.#nextSeq.set(rendition, seq + 1)
    this.#published++
    this.frames.put({
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
      capturedAtUs: this.#cameraTime ? native.capturedAtUs : null,
    })
  }

  /** Forgets the frames of all other topics. If one is encoded again, its numbers continue. */
  keepOnly(topics: string[]): void {
    for (const topic of this.#nextSeq.keys()) if (!topics.includes(topic)) this.frames.forget(topic)
  }

  /** For a camera that is not live: its last frames no longer show the present. */
  forget(): void {
    this.keepOnly([])
  }
}
