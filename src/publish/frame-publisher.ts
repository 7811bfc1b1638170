// Owns the XPUB socket: keeps at most one send in flight and the newest frame of each topic waiting, and tracks
// subscriptions. No other file uses zeromq.

import { XPublisher } from 'zeromq'
import { needsIpv6 } from '../endpoints.js'
import { BindError, codeOf, messageOf } from '../errors.js'
import { inUse } from '../port-holder.js'
import { encodeFrameMessage } from '../frames/frame-message.js'
import type { Frame, Logger } from '../types.js'
import { parseSubscription } from './subscription.js'

/** What the publisher needs from the frame hub. */
export interface FrameSource {
  onFrame(listener: (frame: Frame) => void): void
  current(topic: string): Frame | undefined
  setSubscriptions(prefixes: ReadonlySet<string>): void
}

// Frames only age in a queue here; the receiver keeps the newest.
const SEND_HIGH_WATER_MARK = 2
const MAX_PREFIXES = 10000

export class FramePublisher {
  readonly #socket = new XPublisher({ linger: 0, sendHighWaterMark: SEND_HIGH_WATER_MARK, verbosity: 'allSubs' })
  readonly #waiting = new Map<string, Frame>()
  readonly #prefixes = new Set<string>()
  #sending = false
  #closed = false
  #receiving: Promise<void> = Promise.resolve()

  constructor(
    readonly source: FrameSource,
    readonly logger: Logger,
  ) {
    source.onFrame((frame) => this.#offer(frame))
  }

  /**
   * @param endpoints tcp://HOST:PORT (port * for any free one) or ipc://PATH.
   * @returns the endpoints, with the actual ports.
   * @throws BindError, which names the endpoint and the setting to change.
   */
  async bind(endpoints: string[]): Promise<string[]> {
    const bound: string[] = []
    for (const endpoint of endpoints) {
      try {
        // Set for each endpoint: with it, ZeroMQ would report 127.0.0.1 as [::ffff:127.0.0.1].
        this.#socket.ipv6 = needsIpv6(endpoint)
        await this.#socket.bind(endpoint)
      } catch (error) {
        const port = Number(/:(\d+)$/.exec(endpoint)?.[1] ?? 0)
        const why = codeOf(error) === 'EADDRINUSE' ? inUse(port) : messageOf(error)
        throw new BindError(
          `ZeroMQ cannot bind ${endpoint}: ${why}; set ZMQ_BIND (--zmq-bind) to another address`,
          error,
        )
      }
      bound.push(this.#socket.lastEndpoint ?? endpoint)
    }
    this.#receiving = this.#receive()
    return bound
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
    await this.#receiving
  }

  #offer(frame: Frame): void {
    if (this.#closed) return
    this.#waiting.set(frame.topic, frame)
    if (!this.#sending) void this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    this.#sending = true
    try {
      for (;;) {
        const next = this.#waiting.entries().next()
        if (next.done || this.#closed) return
        const [topic, frame] = next.value
        this.#waiting.delete(topic)
        await this.#socket.send(encodeFrameMessage(frame))
      }
    } catch (error) {
      if (!this.#closed) this.logger.error(`ZeroMQ send failed: ${messageOf(error)}`)
    } finally {
      this.#sending = false
    }
  }

  async #receive(): Promise<void> {
    for (;;) {
      let message: Buffer
      try {
        ;[message] = (await this.#socket.receive()) as [Buffer]
      } catch (error) {
        if (this.#closed) return
        this.logger.error(`ZeroMQ receive failed: ${messageOf(error)}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
        continue
      }
      const news = parseSubscription(message)
      if (news?.begins) this.#subscribed(news.prefix)
      else if (news && this.#prefixes.delete(news.prefix)) this.source.setSubscriptions(new Set(this.#prefixes))
    }
  }

  #subscribed(prefix: string): void {
    if (!this.#prefixes.has(prefix)) {
      if (this.#prefixes.size >= MAX_PREFIXES) return
      this.#prefixes.add(prefix)
      this.source.setSubscriptions(new Set(this.#prefixes))
    }
    // A new subscriber gets the newest frame at once, unless it is old. Others get it again, and skip it.
    const topic = prefix.endsWith('\0') ? prefix.slice(0, -1) : prefix
    const frame = this.source.current(topic)
    if (frame) this.#offer(frame)
  }
}
