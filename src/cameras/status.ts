// What a camera is doing: its state, its last error, and the event at each change of state.

import { EventEmitter } from 'node:events'
import type { SourceError } from '../errors.js'
import type { CameraError, CameraState, Logger } from '../types.js'
import { lastingRefusal } from './refusal.js'

export class CameraStatus extends EventEmitter<{ state: [CameraState] }> {
  #state: CameraState = 'connecting'
  #lastError: CameraError | null = null

  constructor(
    readonly name: string,
    private readonly logger: Logger,
    /** Whether it has ever been live with its settings, in this run or an earlier one. */
    public everLive: boolean,
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

  /** It does not run, for this reason. */
  setAside(error: SourceError): void {
    this.fail(error)
    this.setState('stopped')
  }

  protected setState(state: CameraState): void {
    if (state === this.#state) return
    if (state === 'live') {
      this.logger.info(`camera ${this.name}: live`)
      this.#lastError = null
    }
    this.#state = state
    this.emit('state', state)
  }

  /** Logs an error once, however often it repeats. */
  protected fail(error: SourceError): void {
    if (this.#lastError?.code === error.code && this.#lastError.message === error.message) return
    this.#lastError = { code: error.code, message: error.message, sinceMs: Date.now() }
    this.logger.warn(`camera ${this.name}: ${error.message} (${error.code})`)
  }
}
