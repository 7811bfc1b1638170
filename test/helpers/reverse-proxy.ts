// A reverse proxy with a sub-path for each of the gateway's ports, configured as in docs/browsers.md. It records the
// requests.

import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Gateway } from './gateway.js'
import { CORS, serve } from './serve.js'

export interface ProxiedRequest {
  method: string
  /** Without the query. */
  path: string
  /** null until the response arrives. */
  status: number | null
  /** The Location header as the server sent it. */
  location: string | null
}

export class ReverseProxy {
  /** http://127.0.0.1:PORT/cams. Below it, /gateway, /webrtc and /hls lead to the gateway's ports. */
  base = ''
  readonly requests: ProxiedRequest[] = []
  /** The host name that callers use, forwarded as X-Forwarded-Host. */
  readonly publicHost = 'cams.example.com'
  /** Returns the status with which to refuse a request; undefined forwards it. */
  refuse: (request: ProxiedRequest) => number | undefined = () => undefined
  #targets: Record<string, string> = {}

  static async start(t: { teardown(run: () => unknown): void }): Promise<ReverseProxy> {
    const proxy = new ReverseProxy()
    proxy.base = `${await serve(t, (request, response) => proxy.#pass(request, response))}/cams`
    return proxy
  }

  /** Settings that make the gateway return the proxy's addresses to browsers. */
  get env(): Record<string, string> {
    return {
      TRUST_PROXY: '1',
      ALLOWED_HOSTS: this.publicHost,
      MEDIAMTX_PUBLIC_WEBRTC: `${this.base}/webrtc`,
      MEDIAMTX_PUBLIC_HLS: `${this.base}/hls/`,
    }
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
      method === 'POST' && status === 201 ? [`${path}/${location!.split('?')[0]!.split('/').at(-1)}`] : [],
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
      // Like nginx's `proxy_redirect / /cams/hls/` in docs/browsers.md. WHEP's Location stays unchanged.
      if (part === 'hls' && location?.startsWith('/')) reply.headers.location = `/cams/hls${location}`
      answer.writeHead(reply.statusCode!, reply.headers)
      reply.pipe(answer)
    })
    onwards.on('error', () => answer.destroy())
    incoming.pipe(onwards)
  }
}
