// The last events of a camera, in memory only.

import type { CameraEvent } from '../types.js'

const MOST_EVENTS = 50
// The same event within this time counts as a repeat, so that a camera that comes and goes leaves a few entries.
const REPEAT_WITHIN_MS = 600_000

export type NewEvent = Pick<CameraEvent, 'kind'> & Partial<CameraEvent>

interface Entry extends CameraEvent {
  /** By the monotonic clock: the system clock may be set while the gateway runs. */
  seenMs: number
}

export class EventLog {
  /** The newest last. */
  readonly #entries: Entry[] = []

  constructor(readonly clockMs = () => performance.now()) {}

  add(event: NewEvent): void {
    const seenMs = this.clockMs()
    const lastMs = Date.now()
    const added = { from: null, to: null, error: null, changed: [], by: null, ...event }
    const at = this.#entries.findIndex((entry) => seenMs - entry.seenMs < REPEAT_WITHIN_MS && isRepeat(entry, added))
    const [before] = at < 0 ? [] : this.#entries.splice(at, 1)
    const count = (before?.count ?? 0) + 1
    this.#entries.push({ ...added, firstMs: before?.firstMs ?? lastMs, lastMs, count, seenMs })
    if (this.#entries.length > MOST_EVENTS) this.#entries.shift()
  }

  /** The newest first. */
  list(): CameraEvent[] {
    return this.#entries.toReversed()
  }
}

/** Messages do not count, since they may contain numbers that grow. */
function isRepeat(a: CameraEvent, b: Omit<CameraEvent, 'firstMs' | 'lastMs' | 'count'>): boolean {
  const keyOf = ({ kind, from, to, error, changed, by }: typeof b) =>
    JSON.stringify([kind, from, to, error?.code, changed, by])
  return keyOf(a) === keyOf(b)
}
