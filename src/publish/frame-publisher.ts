// Owns the XPUB socket: keeps at most one send in flight, sends the newest frame of each topic, and tracks
// subscriptions. Only curve-keys.ts uses zeromq too.

import { setTimeout as pause } from 'node:timers/promises'
import { XPublisher } from 'zeromq'
import { isLocalEndpoint, needsIpv6 } from '../endpoints.js'
import { BindError, codeOf, messageOf } from '../errors.js'
import { inUse } from '../port-holder.js'
import { encodeFrameMessage } from '../frames/frame-message.js'
import type { Frame, Logger } from '../types.js'
import type { CurveKeys } from './curve-keys.js'
import { parseSubscription, Prefixes, type SubscriptionNews } from './subscription.js'

/** What the publisher needs from the frame hub. */
export interface FrameSource {
  onFrame(listener: (frame: Frame) => void): void
  /** undefined if the newest frame is old. */
  current(topic: string): Frame | undefined
  setSubscribers(prefix: string, count: number): void
  clearSubscriptions(): void
}

const SOCKET_OPTIONS = {
  linger: 0,
  // Frames only age in a queue here; the receiver keeps the newest.
  sendHighWaterMark: 2,
  verbosity: 'allSubsUnsubs',
  // Subscribers send nothing else than subscriptions (at most 80 bytes) and handshakes.
  maxMessageSize: 512,
  handshakeInterval: 5000,
} as const
// However many subscribe, a topic's newest frame is sent again at most this often.
const REPEAT_EVERY_MS = 100
const RETRY_MS = 20
// A retry usually succeeds within some ms.
const LOG_EVERY = 100

export class FramePublisher {
  #socket = new XPublisher(SOCKET_OPTIONS)
  #prefixes: Prefixes
  /** With their ports. */
  #bound: string[] = []
  readonly #waiting = new Set<string>()
  /** Topics that were sent again for a new subscriber a moment ago; true: and have another one since. */
  readonly #repeated = new Map<string, boolean>()
  #sending = false
  #closed = false
  #receiving: Promise<void> = Promise.resolve()

  /** @param maxPrefixBytes for all subscriptions together. */
  constructor(
    readonly source: FrameSource,
    readonly logger: Logger,
    readonly maxPrefixBytes?: number,
    /** Endpoints of other machines require a key; null: none does. */
    readonly curve: CurveKeys | null = null,
  ) {
    this.#prefixes = new Prefixes(maxPrefixBytes)
    source.onFrame((frame) => this.#offer(frame.topic))
  }

  /**
   * @param endpoints tcp://HOST:PORT (port * for any free one) or ipc://PATH.
   * @returns the endpoints, with the actual ports.
   * @throws BindError, which names the endpoint and the setting to change.
   */
  async bind(endpoints: string[]): Promise<string[]> {
    for (const endpoint of endpoints) {
      try {
        await this.#bindOne(endpoint)
      } catch (error) {
        const port = Number(/:(\d+)$/.exec(endpoint)?.[1] ?? 0)
        const why = codeOf(error) === 'EADDRINUSE' ? inUse(port) : messageOf(error)
        throw new BindError(
          `ZeroMQ cannot bind ${endpoint}: ${why}; set ZMQ_BIND (--zmq-bind) to another address`,
          error,
        )
      }
      this.#bound.push(this.#socket.lastEndpoint ?? endpoint)
    }
    this.#receiving = this.#receive()
    return this.#bound
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
    await this.#receiving
  }

  async #bindOne(endpoint: string): Promise<void> {
    // Set for each endpoint: with it, ZeroMQ would report 127.0.0.1 as [::ffff:127.0.0.1].
    this.#socket.ipv6 = needsIpv6(endpoint)
    if (this.curve) Object.assign(this.#socket, this.curve.options, { curveServer: !isLocalEndpoint(endpoint) })
    await this.#socket.bind(endpoint)
  }

  #offer(topic: string): void {
    if (this.#closed) return
    this.#waiting.add(topic)
    if (!this.#sending) void this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    this.#sending = true
    try {
      for (const topic of this.#waiting) {
        if (this.#closed) return
        this.#waiting.delete(topic)
        const frame = this.source.current(topic)
        if (frame) await this.#send(encodeFrameMessage(frame))
      }
    } finally {
      this.#sending = false
    }
  }

  async #send(message: Buffer): Promise<void> {
    const socket = this.#socket
    try {
      await socket.send(message)
    } catch (error) {
      if (!socket.closed) this.logger.error(`ZeroMQ send failed: ${messageOf(error)}`)
    }
  }

  async #receive(): Promise<void> {
    while (!this.#closed) {
      const socket = this.#socket
      try {
        const [message] = (await socket.receive()) as [Buffer]
        const news = parseSubscription(message)
        if (news) this.#onNews(news)
        if (this.#prefixes.full) await this.#startOver()
      } catch (error) {
        if (!socket.closed) this.logger.error(`ZeroMQ receive failed: ${messageOf(error)}`)
        await pause(RETRY_MS)
      }
    }
  }

  #onNews(news: SubscriptionNews): void {
    const { begins, prefix } = news
    const count = this.#prefixes.apply(news)
    if (count !== null) this.source.setSubscribers(prefix, count)
    // A new subscriber gets the newest frame at once, unless it is old. Others get it again, and skip it.
    if (begins) this.#repeat(prefix.endsWith('\0') ? prefix.slice(0, -1) : prefix)
  }

  #repeat(topic: string): void {
    if (!this.source.current(topic)) return
    if (this.#repeated.has(topic)) {
      this.#repeated.set(topic, true)
      return
    }
    this.#repeated.set(topic, false)
    this.#offer(topic)
    const again = () => {
      const wanted = this.#repeated.get(topic)
      this.#repeated.delete(topic)
      if (wanted) this.#repeat(topic)
    }
    setTimeout(again, REPEAT_EVERY_MS).unref()
  }

  /**
   * Disconnects all subscribers and forgets their prefixes: only closing the socket frees ZeroMQ's own table. Subscribers
   * of good faith connect again at once, and no limit keeps them out.
   */
  async #startOver(): Promise<void> {
    this.logger.warn(`ZeroMQ: too many topics; the gateway disconnects all subscribers once`)
    this.#socket.close()
    this.#prefixes = new Prefixes(this.maxPrefixBytes)
    this.source.clearSubscriptions()
    // libzmq frees what the old socket had on a thread of its own; until then there may be no descriptor for a new one.
    await this.#retried(() => (this.#socket = new XPublisher(SOCKET_OPTIONS)))
    for (const endpoint of this.#bound) await this.#retried(() => this.#bindOne(endpoint))
    if (this.#closed) this.#socket.close()
  }

  async #retried(step: () => unknown): Promise<void> {
    for (let tries = 1; !this.#closed; tries++) {
      try {
        await step()
        return
      } catch (error) {
        if (tries % LOG_EVERY === 0) this.logger.error(`ZeroMQ cannot start again: ${messageOf(error)}`)
        await pause(RETRY_MS)
      }
    }
  }
}
