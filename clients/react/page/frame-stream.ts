// One streaming response with the newest frames of many cameras (GET /frames): browsers allow
// six HTTP/1.1 connections to a host, and a page may show more cameras than that.

import { parseMessage, readRecords } from './frame-records'

const FIRST_BACKOFF_MS = 500
const LONGEST_BACKOFF_MS = 5000

export interface FrameStreamEvents {
  onFrame(camera: string, jpeg: Blob): void
  /** Why no frames arrive; null while they do. */
  onProblem(reason: string | null): void
}

export class FrameStream {
  #key = ''
  #topics: string[] = []
  #current: AbortController | null = null
  #backoffMs = FIRST_BACKOFF_MS
  #reopenAtMs = 0
  #lastRecordAtMs = 0

  constructor(readonly events: FrameStreamEvents) {}

  get isOpen(): boolean {
    return this.#current !== null
  }

  /**
   * Call it again with each new list of cameras: a stream that ended reopens only then. One of its cameras may have
   * stopped, and the gateway would refuse the same request.
   * @param topics an empty list closes the stream. @param key a new value reopens the stream at once.
   */
  set(topics: string[], key = topics.join()): void {
    const ended = topics.length > 0 && this.#current === null && performance.now() >= this.#reopenAtMs
    if (key === this.#key && !ended) return
    if (key !== this.#key) this.#backoffMs = FIRST_BACKOFF_MS
    this.#key = key
    this.#topics = topics
    this.#open()
  }

  /** Reopens a connection that is still open but delivers no frames. */
  reopenIfSilentFor(ms: number): void {
    if (this.#current && performance.now() - this.#lastRecordAtMs > ms) this.#open()
  }

  close(): void {
    this.set([], '')
  }

  #open(): void {
    const previous = this.#current
    this.#current = null
    if (this.#topics.length === 0) return previous?.abort()
    const controller = new AbortController()
    this.#current = controller
    this.#lastRecordAtMs = performance.now()
    // Close the old stream only after the new one has opened, so that the gateway keeps the renditions that both use.
    void this.#run(controller, () => previous?.abort())
  }

  async #run(controller: AbortController, release: () => void): Promise<void> {
    let reason = 'the gateway closed the frame stream'
    try {
      const query = this.#topics.map((topic) => `cam=${encodeURIComponent(topic)}`).join('&')
      const response = await fetch(`frames?${query}`, { signal: controller.signal, cache: 'no-store' })
      release()
      if (!response.ok || !response.body)
        throw new Error(`the gateway returned HTTP ${response.status} instead of frames`)
      await readRecords(response.body, (record) => {
        if (controller !== this.#current) return
        const frame = parseMessage(record)
        if (!frame) return
        this.#lastRecordAtMs = performance.now()
        this.#backoffMs = FIRST_BACKOFF_MS
        this.events.onProblem(null)
        this.events.onFrame(frame.camera, frame.jpeg)
      })
    } catch (error) {
      if (error instanceof Error && !(error instanceof TypeError) && error.name !== 'AbortError') reason = error.message
      else reason = 'the frame stream was interrupted'
    } finally {
      release()
      controller.abort()
    }
    if (controller !== this.#current) return
    this.#current = null
    this.events.onProblem(reason)
    this.#reopenAtMs = performance.now() + this.#backoffMs * (0.8 + Math.random() * 0.4)
    this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS)
  }
}
