// Whether the gateway can serve, for load balancers. Cameras that are away are no reason against it: another gateway would
// not reach them either.

/** What it depends on. */
export interface ReadinessDeps {
  readonly mode: string
  readonly ready: boolean
  readonly problem: string | null
}

export class Readiness {
  state: 'starting' | 'running' | 'shutting down' = 'starting'
  /** null: not made yet. */
  relay: ReadinessDeps | null = null

  /** Why it cannot; empty: it can. @param details also what only people with a token may read. */
  problems(details: boolean): string[] {
    if (this.state !== 'running') return [`the gateway is ${this.state}`]
    if (!this.relay || this.relay.mode === 'off' || this.relay.ready) return []
    return [`MediaMTX is unavailable${details ? `: ${this.relay.problem}` : ''}`]
  }
}
