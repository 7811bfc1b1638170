// What a camera's earlier sessions teach about it. In memory only: a gateway that starts again learns it again.

import type { PipelineStats } from '../native.js'
import { NO_COUNTERS, sumOf, type PipelineCounters } from '../pipeline-counters.js'
import type { VideoFormat } from '../types.js'
import type { CameraUrl } from './camera-url.js'
import type { SessionEnd } from './pipeline-run.js'
import { UNKNOWN_FORMAT, updatedFormat } from './stats.js'

// One attempt in four has the full timeouts, for slow cameras.
const PATIENT_EVERY = 4

export class CameraHistory {
  /** Attempts that opened a pipeline. */
  sessions = 0
  /** Where its description was found last. */
  found: CameraUrl | null = null
  /** Why the gateway pulls it directly although there is a MediaMTX; null if it does not. */
  relayProblem: string | null = null
  /** Failed sessions and attempts, by error code. */
  readonly failures = new Map<string, number>()
  #ended = NO_COUNTERS
  #attempts = 0
  #takesNoTcp = false
  #beginsWithKey = false
  #format = UNKNOWN_FORMAT

  /** What the next attempt may build on. Counts the attempt. */
  nextAttempt() {
    return {
      found: this.found,
      attempt: this.#attempts++,
      patient: this.sessions % PATIENT_EVERY === 0,
      beginsWithKey: this.#beginsWithKey,
    }
  }

  /** The transport to try next. */
  get transport(): 'tcp' | 'udp' {
    return this.#takesNoTcp ? 'udp' : 'tcp'
  }

  /** The format in these statistics; before the first frame, that of the last session. */
  formatIn(stats: PipelineStats): VideoFormat {
    return updatedFormat(this.#format, stats)
  }

  /** What all sessions have counted. @param current of the session that runs. */
  totals(current: PipelineCounters = NO_COUNTERS): PipelineCounters {
    return sumOf(this.#ended, current)
  }

  /** @param described whether the camera was asked for its description, so that its first picture says how sessions begin. */
  pipelineClosing(last: PipelineStats, counters: PipelineCounters, described: boolean): void {
    this.#ended = this.totals(counters)
    this.#format = this.formatIn(last)
    if (described) this.#beginsWithKey = last.beganWithKey
  }

  attemptFailed({ kind, error }: Exclude<SessionEnd, { kind: 'stopped' }>, wasLive: boolean): void {
    this.failures.set(error.code, (this.failures.get(error.code) ?? 0) + 1)
    if (error.code === 'ERR_SOURCE_TRANSPORT') this.#takesNoTcp = !this.#takesNoTcp
    // Perhaps the fault was not MediaMTX's after all.
    if (kind === 'pipeline' && !wasLive) this.relayProblem = null
    // Until the camera is started again, or fails directly too.
    if (kind === 'relay-cannot') this.relayProblem = `the gateway pulls this camera directly: ${error.message}`
  }
}
