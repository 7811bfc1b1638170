// MediaMTX asks here before it serves anyone (authMethod: http). A server of its own, so that no limit of the HTTP API
// keeps the gateway from its cameras.

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

/** A client that wants to read a path. */
export interface PathReader {
  camera: string
  /** Passwords and bearer tokens that it sent. */
  secrets: string[]
  tickets: string[]
}

/** The name and password by which the gateway itself uses MediaMTX. */
export interface OwnAccess {
  user: string
  password: string
}

const question = z.object({
  user: z.string(),
  password: z.string(),
  token: z.string(),
  action: z.string(),
  path: z.string(),
  query: z.string(),
})

const MAX_BODY_BYTES = 64 * 1024

export class AuthHook {
  /** New for each run, and known to MediaMTX alone: its environment has it, not its command line. */
  readonly own: OwnAccess = { user: 'framegate', password: randomBytes(18).toString('base64url') }
  readonly #secret = randomBytes(18).toString('base64url')
  readonly #server

  constructor(allows: (reader: PathReader) => boolean) {
    const limits = { requestTimeout: 5000, headersTimeout: 5000 }
    this.#server = createServer(limits, (request, response) => {
      request.on('error', () => undefined)
      response.on('error', () => undefined)
      const asked = same(request.url ?? '', `/${this.#secret}`) ? bodyOf(request) : Promise.resolve('')
      void asked.then((text) => response.writeHead(this.#answer(text, allows) ? 200 : 401).end())
    })
  }

  /** @returns MTX_AUTHHTTPADDRESS. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${this.#secret}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #answer(text: string, allows: (reader: PathReader) => boolean): boolean {
    const asked = question.safeParse(parsed(text)).data
    if (!asked) return false
    const { user, password, token, action, path, query } = asked
    const parameters = new URLSearchParams(query)
    if (user === this.own.user && same(password, this.own.password)) return true
    if (action !== 'read') return false // Only the gateway publishes and uses the API.
    const secrets = [token, password].filter((secret) => secret !== '')
    // Some RTSP players lose the query (GStreamer 1.22): they send the ticket as a password.
    const tickets = [...parameters.getAll('ticket'), ...secrets]
    return allows({ camera: path, secrets, tickets })
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  try {
    for await (const chunk of request) {
      text += String(chunk)
      if (text.length > MAX_BODY_BYTES) return ''
    }
  } catch {
    return ''
  }
  return text
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
