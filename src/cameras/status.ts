// What a camera is doing: its state, its last error, and the event at each change of state.

import { EventEmitter } from 'node:events'
import type { SourceError } from '../errors.js'
import type { CameraError, CameraEvent, CameraState, Logger } from '../types.js'
import type { EventLog } from './event-log.js'
import { lastingRefusal } from './refusal.js'

const LONGEST_MESSAGE = 500

export class CameraStatus extends EventEmitter<{ state: [CameraState] }> {
  #state: CameraState = 'connecting'
  #lastError: CameraError | null = null

  constructor(
    readonly name: string,
    private readonly logger: Logger,
    /** Whether it has ever been live with its settings, in this run or an earlier one. */
    public everLive: boolean,
    readonly eventLog: EventLog,
  ) {
    super()
    this.setMaxListeners(0) // One for each HTTP stream.
  }

  get state(): CameraState {
    return this.#state
  }
  get lastError(): CameraError | null {
    return this.#lastError
  }

  /** Why no frame of it will come soon; null if one may. */
  get refusal(): CameraError | null {
    return lastingRefusal(this)
  }

  events(): CameraEvent[] {
    return this.eventLog.list()
  }

  /** It does not run, for this reason. */
  setAside(error: SourceError): void {
    this.fail(error, 'stopped')
  }

  protected setState(state: CameraState, error: SourceError | null = null): void {
    const from = this.#state
    if (state === from) return
    if (state === 'live') {
      this.logger.info('live', { camera: this.name })
      this.#lastError = null
    }
    this.#state = state
    // A camera that a client stops leaves the list, or is replaced, which is an event too.
    if (state !== 'stopped' || error) this.eventLog.add({ kind: 'state', from, to: state, error: reasonOf(error) })
    this.emit('state', state)
  }

  /**
   * Logs an error once, however often it repeats.
   * @param next the state that follows from it.
   */
  protected fail(error: SourceError, next = this.#state): void {
    if (this.#lastError?.code !== error.code || this.#lastError.message !== error.message) {
      this.#lastError = { code: error.code, message: error.message, sinceMs: Date.now() }
      this.logger.warn(error.message, { camera: this.name, code: error.code, state: next })
    }
    if (next === this.#state) this.eventLog.add({ kind: 'problem', error: reasonOf(error) })
    else this.setState(next, error)
  }
}

/** The message may quote the camera. */
function reasonOf(error: SourceError | null): CameraEvent['error'] {
  return error && { code: error.code, message: error.message.slice(0, LONGEST_MESSAGE) }
}
