// Whether the gateway that has the port is another Framegate, for the error of a second start.

import { z } from 'zod'
import { inUrl } from './endpoints.js'
import { BindError } from './errors.js'
import { portHolder } from './port-holder.js'

const LIMIT_MS = 1000
const health = z.object({ ok: z.literal(true) })

/** The error to show if an address could not be bound: of a gateway that runs at this address, or the given one. */
export async function orRunningGateway(error: unknown, httpHost: string, httpPort: number): Promise<unknown> {
  if (!(error instanceof BindError) || httpPort === 0) return error
  const address = `http://${inUrl(httpHost)}:${httpPort}`
  try {
    const answer = await fetch(`${address}/health`, { signal: AbortSignal.timeout(LIMIT_MS) })
    health.parse(await answer.json())
  } catch {
    return error
  }
  const holder = /process \d+/.exec(portHolder(httpPort) ?? '')?.[0]
  return new BindError(
    `a gateway is already running at ${address}${holder === undefined ? '' : ` (${holder})`}; use that one, stop it, or give this one other ports (PORT_OFFSET=100)`,
    error,
  )
}
