// Stands in front of MediaMTX's WebRTC and HLS servers, because MediaMTX checks neither Host nor Origin: without this,
// any page that a person opens could watch the cameras. WebRTC's video itself does not pass through here.

import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, Agent, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { BindError, codeOf, messageOf } from '../errors.js'
import { inUse } from '../port-holder.js'
import { connectionLimits, processLimits } from '../process-limits.js'
import { countRequest } from '../requests-in-progress.js'
import type { MediaMtxAddresses } from './control-api.js'
import { socketFolder } from './socket-folder.js'

/** Whether the gateway passes this request on. */
export type PageRule = (request: IncomingMessage) => boolean

const LIMITS = { requestTimeout: 30_000, headersTimeout: 10_000, connectionsCheckingInterval: 5000 }
// As MediaMTX reads its variables.
const ON = /^(yes|true)$/i
const OFF = /^(no|false)$/i
/** These concern one connection; Node sets its own. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade']
const ALLOW_ORIGIN = 'access-control-allow-origin'

class ReaderFront {
  readonly #agent
  readonly #server

  /** @param socketPath of MediaMTX's server. */
  constructor(
    readonly socketPath: string,
    allows: PageRule,
  ) {
    this.#server = createServer(LIMITS, (request, response) => {
      request.on('error', () => undefined)
      response.on('error', () => undefined)
      if (!countRequest(request, response)) return
      if (allows(request)) this.#pass(request, response)
      else
        response.writeHead(403, { 'Content-Type': 'text/plain' }).end('Framegate: this page must not watch cameras.\n')
    })
    const { front } = connectionLimits(processLimits())
    this.#server.maxConnections = front
    this.#agent = new Agent({ keepAlive: true, maxSockets: front })
  }

  /** @param setting names the variable that changes the address. @throws BindError */
  async listen(host: string, port: number, setting: string): Promise<void> {
    try {
      this.#server.listen({ host, port })
      await once(this.#server, 'listening')
    } catch (error) {
      const why = codeOf(error) === 'EADDRINUSE' ? inUse(port) : messageOf(error)
      throw new BindError(
        `the gateway cannot listen on port ${port} (tcp) for MediaMTX: ${why}; set ${setting} to another address, ` +
          'or MEDIAMTX=external to use a MediaMTX that is already running',
      )
    }
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method, url: path, headers } = request
    const passed = forward({ agent: this.#agent, socketPath: this.socketPath, method, path, headers })
    passed.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, headersFor(headers.origin, answer.headersDistinct))
      pipeline(answer, response, () => undefined)
    })
    // As if MediaMTX itself had closed the connection, so that players reconnect.
    passed.on('error', () => response.destroy())
    response.on('close', () => passed.destroy())
    request.pipe(passed)
  }
}

/** MediaMTX lets pages of any origin read its answers. Here only the page that asked may, which the rule has allowed. */
function headersFor(origin: string | undefined, headers: NodeJS.Dict<string[]>): NodeJS.Dict<string[]> {
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name) && name !== ALLOW_ORIGIN)
  const vary = [...(headers.vary ?? []), 'Origin']
  return { ...Object.fromEntries(kept), vary, ...(origin === undefined ? {} : { [ALLOW_ORIGIN]: [origin] }) }
}

// MediaMTX runs these two servers behind a front, unless they are off or use TLS.
const FRONTED = ['WEBRTC', 'HLS'] as const

export class ReaderFronts {
  readonly #fronts: ReaderFront[] = []
  readonly #outside = new Map<string, string>()
  #folder: string | null = null

  constructor(readonly allows: PageRule) {}

  /** @returns the environment in which MediaMTX listens behind the fronts, where no other user can connect. @throws BindError */
  async open<Env extends NodeJS.ProcessEnv>(env: Env): Promise<Env> {
    const inside: NodeJS.ProcessEnv = {}
    for (const name of FRONTED) {
      const setting = `MTX_${name}ADDRESS`
      const address = env[setting] ?? ''
      const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
      if (port === '' || OFF.test(env[`MTX_${name}`] ?? '') || ON.test(env[`MTX_${name}ENCRYPTION`] ?? '')) continue
      this.#folder ??= await socketFolder()
      const front = new ReaderFront(join(this.#folder, name), this.allows)
      this.#fronts.push(front)
      await front.listen(host, Number(port), setting)
      inside[setting] = `unix://${front.socketPath}`
      this.#outside.set(inside[setting], address)
    }
    return { ...env, ...inside }
  }

  /** MediaMTX's addresses as clients reach them. */
  outside(at: MediaMtxAddresses): MediaMtxAddresses {
    const shown = (address: string) => this.#outside.get(address) ?? address
    return { ...at, webrtcAddress: shown(at.webrtcAddress), hlsAddress: shown(at.hlsAddress) }
  }

  close(): void {
    for (const front of this.#fronts) front.close()
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true })
  }
}
