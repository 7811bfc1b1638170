// The gateway's connection to MediaMTX's API: waits until the API responds, and notices when it stops responding.

import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { FramegateError, messageOf, SourceError } from '../errors.js'
import { within } from '../time-limit.js'
import type { Logger } from '../types.js'
import { DEFAULT_ADDRESSES } from './addresses.js'
import { isOlder, LEAST_VERSION } from './binary.js'
import type { ControlApi } from './control-api.js'

interface ConnectionEvents {
  ready: []
  /** MediaMTX was ready and has failed HEALTH_FAILURES checks in a row. */
  hung: []
}

const WAIT_FOR_READY_MS = 5000
const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 1000
const HEALTH_FAILURES = 3

export class Connection extends EventEmitter<ConnectionEvents> {
  /** null while it does not respond. */
  #api: ControlApi | null = null
  /** Aborted when the connection is lost. */
  #over = new AbortController()
  #closed = false
  #problem: string | null = 'MediaMTX has not responded yet'
  #version: string | null = null
  #addresses = DEFAULT_ADDRESSES

  /**
   * @param check one health check, which throws if it fails.
   * @param healthEveryMs time between two checks.
   */
  constructor(
    readonly check: (api: ControlApi) => Promise<void>,
    readonly healthEveryMs: number,
    readonly logger: Logger,
  ) {
    super()
    this.setMaxListeners(0) // One for each camera that waits for MediaMTX.
  }

  get api(): ControlApi | null {
    return this.#api
  }
  get version(): string | null {
    return this.#version
  }
  /** Where MediaMTX listens, as it last reported. */
  get addresses() {
    return this.#addresses
  }
  /** Why MediaMTX is unavailable; null if it is available. */
  get problem(): string | null {
    return this.#problem
  }

  /** Retries until the API responds, the signal is aborted or the connection is lost again. Never throws. */
  async connect(api: ControlApi, signal?: AbortSignal): Promise<void> {
    const end = signal ? AbortSignal.any([signal, this.#over.signal]) : this.#over.signal
    for (let waitMs = FIRST_RETRY_MS; !end.aborted; waitMs = Math.min(LONGEST_RETRY_MS, waitMs * 1.5)) {
      try {
        return await this.learn(api, end)
      } catch {
        await elapsed(waitMs, end)
      }
    }
  }

  /** Tries once. @throws SourceError, FramegateError ERR_MEDIAMTX_OLD */
  async learn(api: ControlApi, signal: AbortSignal = this.#over.signal): Promise<void> {
    try {
      const { version } = await api.info()
      const plain = /(?<!\d)\d+\.\d+\.\d+/.exec(version)?.[0]
      if (plain && isOlder(plain, LEAST_VERSION)) {
        throw new FramegateError('ERR_MEDIAMTX_OLD', `MediaMTX ${plain} is too old; install ${LEAST_VERSION} or newer`)
      }
      const addresses = await api.addresses()
      if (signal.aborted) return
      this.#version = version
      this.#addresses = addresses
    } catch (error) {
      if (!signal.aborted) this.#problem = messageOf(error)
      throw error
    }
    this.#api = api
    this.#problem = null
    void this.#watch(api, this.#over.signal)
    this.emit('ready')
  }

  /** Resolves with the API as soon as it responds. @throws SourceError after 5 s, or when the signal is aborted. */
  async whenReady(signal: AbortSignal): Promise<ControlApi> {
    if (!this.#api) {
      await within(WAIT_FOR_READY_MS, signal, (over) => once(this, 'ready', { signal: over })).catch(() => undefined)
    }
    if (this.#api) return this.#api
    throw new SourceError(
      'ERR_MEDIAMTX_DOWN',
      this.#problem ? `MediaMTX is unavailable: ${this.#problem}` : 'MediaMTX is not ready yet',
    )
  }

  /** Call this when MediaMTX has ended or hangs. */
  lost(problem: string): void {
    this.#api = null
    this.#problem = problem
    this.#over.abort()
    if (!this.#closed) this.#over = new AbortController()
  }

  close(): void {
    this.#closed = true
    this.lost('the gateway is shutting down')
  }

  async #watch(api: ControlApi, over: AbortSignal): Promise<void> {
    let failures = 0
    while (await elapsed(this.healthEveryMs, over)) {
      try {
        await this.check(api)
        failures = 0
      } catch (error) {
        if (over.aborted || ++failures < HEALTH_FAILURES) continue
        this.lost(messageOf(error))
        this.logger.error(`MediaMTX stopped responding: ${messageOf(error)}`)
        this.emit('hung')
      }
    }
  }
}

/** @returns false if the signal ended the wait. */
async function elapsed(ms: number, signal: AbortSignal): Promise<boolean> {
  return pause(ms, true, { signal }).catch(() => false)
}
