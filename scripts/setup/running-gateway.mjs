// Looks for a running gateway, before a set-up that may take minutes. The gateway itself looks again.

const LIMIT_MS = 1000

/**
 * Only the port that the environment gives is looked at: flags and framegate.yaml are read later.
 * @returns the address of a gateway that runs there, or null.
 */
export async function runningGateway(env) {
  const port = Number(env.HTTP_PORT || 8090 + Number(env.PORT_OFFSET || 0))
  const address = `http://127.0.0.1:${port}`
  try {
    const answer = await fetch(`${address}/health`, { signal: AbortSignal.timeout(LIMIT_MS) })
    return (await answer.json()).ok === true ? address : null
  } catch {
    return null
  }
}
