// A reverse proxy with one sub-path for each of the gateway's ports, as docs/browsers.md sets it up. It records the
// requests that pass it.

import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Gateway } from './gateway.js'
import { CORS, serve } from './serve.js'

export interface ProxiedRequest {
  method: string
  /** Without the query. */
  path: string
  /** null until the answer comes. */
  status: number | null
  /** As the server sent it. */
  location: string | null
}

export class ReverseProxy {
  /** http://127.0.0.1:PORT/cams; /gateway, /webrtc and /hls below it are the gateway's ports. */
  base = ''
  readonly requests: ProxiedRequest[] = []
  /** The host name that callers use, sent on as X-Forwarded-Host. */
  readonly publicHost = 'cams.example.com'
  /** Returns the status to answer a request with; undefined passes it on. */
  refuse: (request: ProxiedRequest) => number | undefined = () => undefined
  #targets: Record<string, string> = {}

  static async start(t: { teardown(run: () => unknown): void }): Promise<ReverseProxy> {
    const proxy = new ReverseProxy()
    proxy.base = `${await serve(t, (request, response) => proxy.#pass(request, response))}/cams`
    return proxy
  }

  /** Settings that make a gateway give the proxy's addresses to browsers. */
  get env(): Record<string, string> {
    return { MEDIAMTX_PUBLIC_WEBRTC: `${this.base}/webrtc`, MEDIAMTX_PUBLIC_HLS: `${this.base}/hls/` }
  }

  passTo(gateway: Gateway): void {
    this.#targets = {
      gateway: gateway.base,
      webrtc: `http://${gateway.env.MTX_WEBRTCADDRESS}`,
      hls: `http://${gateway.env.MTX_HLSADDRESS}`,
    }
  }

  /** Paths of the WHEP sessions that were made. */
  get sessions(): string[] {
    return this.requests.flatMap(({ method, path, status, location }) =>
      method === 'POST' && status === 201 ? [`${path}/${location!.split('/').at(-1)}`] : [],
    )
  }

  /** Paths of the WHEP sessions that were made and not deleted. */
  get openSessions(): string[] {
    const deleted = this.requests.filter(({ method, status }) => method === 'DELETE' && status === 200)
    return this.sessions.filter((session) => !deleted.some(({ path }) => path === session))
  }
  #pass(incoming: IncomingMessage, answer: ServerResponse): void {
    const [path = ''] = incoming.url!.split('?')
    const request: ProxiedRequest = { method: incoming.method!, path, status: null, location: null }
    this.requests.push(request)
    const [, part = '', rest = ''] = /^\/cams\/(\w+)\/(.*)$/.exec(incoming.url!) ?? []
    const target = this.#targets[part]
    const refused = target === undefined ? 404 : this.refuse(request)
    if (refused !== undefined) {
      request.status = refused
      answer.writeHead(refused, CORS).end()
      return
    }
    const headers = { ...incoming.headers, 'x-forwarded-host': this.publicHost }
    const onwards = httpRequest(`${target}/${rest}`, { method: request.method, headers }, (reply) => {
      const { location } = reply.headers
      request.status = reply.statusCode!
      request.location = location ?? null
      // As nginx's `proxy_redirect / /cams/hls/`, which docs/browsers.md asks for. WHEP's Location stays as it is.
      if (part === 'hls' && location?.startsWith('/')) reply.headers.location = `/cams/hls${location}`
      answer.writeHead(reply.statusCode!, reply.headers)
      reply.pipe(answer)
    })
    onwards.on('error', () => answer.destroy())
    incoming.pipe(onwards)
  }
}
