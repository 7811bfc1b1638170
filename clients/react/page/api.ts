// Calls of the gateway's HTTP API. Addresses are relative, so the page works under a sub-path of a reverse proxy.

import type { Camera, CameraEvent, SettingsAnswer, StartAnswer, StartRequest } from './api-types'

/** The gateway responded with an error. */
export class GatewayError extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message)
  }
}

/** No response, or not one from a gateway. */
export class UnreachableError extends Error {}

/** Without a trailing slash. */
export const gatewayBase = new URL('.', location.href).href.replace(/\/$/, '')

const TIMEOUT_MS = 5000
// Starting or stopping a camera may wait for MediaMTX.
const START_STOP_TIMEOUT_MS = 30000

export async function listCameras(): Promise<Camera[]> {
  const body = await call('cameras', {}, TIMEOUT_MS)
  if (!Array.isArray(body.cameras)) throw new UnreachableError('the server at this address is not a Framegate gateway')
  return body.cameras as Camera[]
}

export async function startCamera(request: StartRequest): Promise<StartAnswer> {
  const options = { method: 'POST', body: JSON.stringify(request) }
  return (await call('cameras/start', options, START_STOP_TIMEOUT_MS)) as unknown as StartAnswer
}

export async function stopCamera(name: string): Promise<void> {
  await call('cameras/stop', { method: 'POST', body: JSON.stringify({ name }) }, START_STOP_TIMEOUT_MS)
}

/** The newest first. */
export async function listEvents(name: string): Promise<CameraEvent[]> {
  const { events } = await call(`cameras/${encodeURIComponent(name)}/events`, {}, TIMEOUT_MS)
  return events as CameraEvent[]
}

export async function getSettings(): Promise<SettingsAnswer> {
  return (await call('settings', {}, TIMEOUT_MS)) as unknown as SettingsAnswer
}

export type Role = 'viewer' | 'admin'

export interface Session {
  token_required: boolean
  /** null: sign in first. */
  role: Role | null
}

export async function getSession(): Promise<Session> {
  return (await call('session', {}, TIMEOUT_MS)) as unknown as Session
}

export async function signIn(token: string): Promise<void> {
  await call('sign-in', { method: 'POST', body: JSON.stringify({ token }) }, TIMEOUT_MS)
}

export async function signOut(): Promise<void> {
  await call('sign-out', { method: 'POST' }, TIMEOUT_MS)
}

/** Dispatched on window when the gateway no longer knows the session. */
export const SIGNED_OUT = 'framegate-signed-out'

async function call(path: string, options: RequestInit, timeoutMs: number): Promise<Record<string, unknown>> {
  let response: Response
  let text: string
  try {
    response = await fetch(path, { ...options, cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) })
    text = await response.text()
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError'
    throw new UnreachableError(timedOut ? `no response within ${timeoutMs / 1000} s` : 'the connection failed')
  }
  const unexpected = new UnreachableError(`unexpected response (HTTP ${response.status})`)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw unexpected
  }
  if (body === null || typeof body !== 'object') throw unexpected
  const answer = body as Record<string, unknown>
  if (response.ok && answer.ok !== false) return answer
  const { error, code } = answer
  if (code === 'ERR_UNAUTHORIZED') dispatchEvent(new Event(SIGNED_OUT))
  throw new GatewayError(
    typeof error === 'string' ? error : `the gateway returned HTTP ${response.status}`,
    typeof code === 'string' ? code : '',
  )
}
