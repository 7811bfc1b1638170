// The HTTP server: Koa, CORS, errors in one form, graceful end.

import cors from '@koa/cors'
import Router from '@koa/router'
import Koa from 'koa'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inUse } from '../port-holder.js'
import { BindError, codeOf, messageOf, RequestError } from '../errors.js'
import { cameraRoutes } from './camera-routes.js'
import { errorMiddleware } from './error-middleware.js'
import { frameRoutes } from './frame-routes.js'
import { pageRoutes } from './page-routes.js'
import type { HttpParts } from './parts.js'

export class HttpServer {
  readonly #server: Server
  readonly #startedAtMs = performance.now()

  constructor(readonly parts: HttpParts) {
    const app = new Koa()
    app.proxy = true // X-Forwarded-Host: behind a reverse proxy callers use its name.
    app.silent = true
    app.use(cors())
    app.use(errorMiddleware(parts.logger))
    const routers = [cameraRoutes(parts), frameRoutes(parts), pageRoutes(parts.pageFolder), this.#healthRoutes()]
    for (const router of routers) app.use(router.routes())
    // Methods of RTSP and WebDAV among them, which HTTP's parser lets through.
    const refuse = () => new RequestError('ERR_METHOD_NOT_ALLOWED', 'this address does not take that method')
    for (const router of routers)
      app.use(router.allowedMethods({ throw: true, methodNotAllowed: refuse, notImplemented: refuse }))
    const handle = app.callback()
    this.#server = createServer((request, response) => void handle(request, response))
    this.#server.headersTimeout = 10000
    this.#server.requestTimeout = 30000
  }

  /** @returns the port. @throws BindError that names the setting. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        const why = codeOf(error) === 'EADDRINUSE' ? inUse(port) : messageOf(error)
        const setting =
          codeOf(error) === 'EADDRINUSE' || codeOf(error) === 'EACCES'
            ? 'HTTP_PORT (--http-port) to another port'
            : 'HTTP_HOST (--http-host) to an address of this machine'
        reject(new BindError(`HTTP cannot listen on ${host}:${port}: ${why}; set ${setting}`, error))
      })
      this.#server.listen(port, host.replace(/^\[|\]$/g, ''), resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections() // MJPEG readers would never end by themselves.
    await closed
  }

  #healthRoutes(): Router {
    const router = new Router()
    router.get('/health', (ctx) => {
      const { relay, cameras } = this.parts
      const states: Record<string, number> = { connecting: 0, live: 0, stalled: 0, retrying: 0 }
      for (const camera of cameras.list()) states[camera.state] = (states[camera.state] ?? 0) + 1
      ctx.body = {
        ok: true,
        version: this.parts.version,
        uptime_s: Math.round((performance.now() - this.#startedAtMs) / 1000),
        mediamtx: { mode: relay.mode, ready: relay.ready, version: relay.version, problem: relay.problem },
        state_file: { problem: this.parts.stateFileProblem() },
        cameras: states,
      }
    })
    return router
  }
}
