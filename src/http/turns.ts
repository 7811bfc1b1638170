// Begins requests one at a time, with a pause as long as the last one took. A flood of requests gets half of the event
// loop's time at most, and a tenth of it if it comes from one address; a frame that meets a request waits for one alone.

const MAX_PAUSE_MS = 50
/** Of the event loop's time, for each client. */
const CLIENT_SHARE = 0.1
/** What a client may use at once. */
const BURST_MS = 200
/** Above this many, clients that have paid are forgotten. */
const MANY_CLIENTS = 1000

/** @returns false if there is nothing to do any more. */
type Run = () => boolean

export class Turns {
  /** What waits, by client. The client that has waited longest is next, with one request. */
  readonly #waiting = new Map<string, Run[]>()
  /** When each client will have paid, at its share, for the time that its requests took. */
  readonly #paidAtMs = new Map<string, number>()
  #taken = false
  #retryTimer: NodeJS.Timeout | null = null

  /**
   * Runs this at once if the turn is free and the client has used little; otherwise later, after one request of each
   * other client that waits.
   */
  begin(client: string, run: Run): void {
    const mine = this.#waiting.get(client)
    if (mine) mine.push(run)
    else this.#waiting.set(client, [run])
    if (!this.#taken) this.#next()
  }

  #next(): void {
    if (this.#retryTimer) clearTimeout(this.#retryTimer)
    this.#retryTimer = null
    let soonestMs = Infinity
    for (const [client, runs] of this.#waiting) {
      const owesMs = this.#owesMs(client)
      if (owesMs > 0) soonestMs = Math.min(soonestMs, owesMs)
      else if (this.#take(client, runs)) return
    }
    if (this.#waiting.size > 0) this.#retryTimer = setTimeout(() => this.#next(), soonestMs)
  }

  /** Runs one request of this client. @returns false if none of them has anything to do. */
  #take(client: string, runs: Run[]): boolean {
    this.#waiting.delete(client)
    for (let run = runs.shift(); run; run = runs.shift()) {
      this.#taken = true
      const begun = usage()
      const free = setImmediate(() => {
        const { ms, cpuMs } = usage()
        // On a busy machine, other programs take a part of the time, which the client does not owe.
        this.#charge(client, Math.min(ms - begun.ms, cpuMs - begun.cpuMs))
        setTimeout(() => this.#free(), Math.min(ms - begun.ms, MAX_PAUSE_MS))
      })
      if (runs.length > 0) this.#waiting.set(client, runs)
      if (run()) return true
      clearImmediate(free)
      this.#taken = false
      this.#waiting.delete(client)
    }
    return false
  }

  #free(): void {
    this.#taken = false
    this.#next()
  }

  #charge(client: string, usedMs: number): void {
    const nowMs = performance.now()
    if (this.#paidAtMs.size >= MANY_CLIENTS)
      for (const [other, atMs] of this.#paidAtMs) if (atMs <= nowMs) this.#paidAtMs.delete(other)
    this.#paidAtMs.set(client, Math.max(nowMs, this.#paidAtMs.get(client) ?? 0) + usedMs / CLIENT_SHARE)
  }

  /** How long the client has to wait until it may use the event loop again. */
  #owesMs(client: string): number {
    return (this.#paidAtMs.get(client) ?? 0) - performance.now() - BURST_MS / CLIENT_SHARE
  }
}

function usage(): { ms: number; cpuMs: number } {
  const { user, system } = process.cpuUsage()
  return { ms: performance.now(), cpuMs: (user + system) / 1000 }
}
