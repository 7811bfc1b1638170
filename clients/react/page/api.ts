// Calls of the gateway's HTTP API. Addresses are relative, so the page works under a sub-path of a reverse proxy.

import type { Camera, StartRequest } from './api-types'

/** The gateway answered with an error. */
export class GatewayError extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message)
  }
}

/** No answer, or not one of a gateway. */
export class UnreachableError extends Error {}

/** Without a trailing slash. */
export const gatewayBase = new URL('.', location.href).href.replace(/\/$/, '')

const LIMIT_MS = 5000
// Starting or stopping a camera may wait for MediaMTX.
const ORDER_LIMIT_MS = 30000

export async function listCameras(): Promise<Camera[]> {
  const body = await call('cameras', {}, LIMIT_MS)
  if (!Array.isArray(body.cameras)) throw new UnreachableError('what answers here is not a Framegate gateway')
  return body.cameras as Camera[]
}

export async function startCamera(request: StartRequest): Promise<void> {
  await call('cameras/start', { method: 'POST', body: JSON.stringify(request) }, ORDER_LIMIT_MS)
}

export async function stopCamera(name: string): Promise<void> {
  await call('cameras/stop', { method: 'POST', body: JSON.stringify({ name }) }, ORDER_LIMIT_MS)
}

async function call(path: string, options: RequestInit, limitMs: number): Promise<Record<string, unknown>> {
  let response: Response
  let text: string
  try {
    response = await fetch(path, { ...options, cache: 'no-store', signal: AbortSignal.timeout(limitMs) })
    text = await response.text()
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    throw new UnreachableError(late ? `it did not answer within ${limitMs / 1000} s` : 'nothing answers at its address')
  }
  const unknownAnswer = new UnreachableError(`its answer (HTTP ${response.status}) is not what a gateway says`)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw unknownAnswer
  }
  if (body === null || typeof body !== 'object') throw unknownAnswer
  const answer = body as Record<string, unknown>
  if (response.ok && answer.ok !== false) return answer
  const { error, code } = answer
  throw new GatewayError(
    typeof error === 'string' ? error : `the gateway answered HTTP ${response.status}`,
    typeof code === 'string' ? code : '',
  )
}
