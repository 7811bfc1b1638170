// The HTTP server: Koa with CORS, one form of errors and a graceful shutdown.

import cors from '@koa/cors'
import type Router from '@koa/router'
import Koa from 'koa'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inUse } from '../port-holder.js'
import { BindError, codeOf, messageOf, RequestError } from '../errors.js'
import { cameraRoutes } from './camera-routes.js'
import type { HttpDeps } from './deps.js'
import { docsRoutes } from './docs-routes.js'
import { errorMiddleware } from './error-middleware.js'
import { frameRoutes } from './frame-routes.js'
import { healthRoutes } from './health-routes.js'
import { pageRoutes } from './page-routes.js'

/** All routes; openapi.ts describes them. */
export function routersOf(deps: HttpDeps): Router[] {
  const { pageFolder, version } = deps
  return [
    cameraRoutes(deps),
    frameRoutes(deps),
    healthRoutes(deps),
    pageRoutes(pageFolder),
    docsRoutes(pageFolder, version),
  ]
}

export class HttpServer {
  readonly #server: Server

  constructor(deps: HttpDeps) {
    const app = new Koa()
    app.proxy = true // X-Forwarded-Host: behind a reverse proxy, clients use the proxy's name.
    app.silent = true
    app.use(cors())
    app.use(errorMiddleware(deps.logger))
    const routers = routersOf(deps)
    for (const router of routers) app.use(router.routes())
    // Includes the methods of RTSP and WebDAV, which Node's HTTP parser accepts.
    const refuse = () =>
      new RequestError('ERR_METHOD_NOT_ALLOWED', 'this path does not support that method; see /openapi.json')
    for (const router of routers)
      app.use(router.allowedMethods({ throw: true, methodNotAllowed: refuse, notImplemented: refuse }))
    const handle = app.callback()
    this.#server = createServer((request, response) => void handle(request, response))
    this.#server.headersTimeout = 10000
    this.#server.requestTimeout = 30000
  }

  /** @returns the port. @throws BindError, which names the setting to change. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        const why = codeOf(error) === 'EADDRINUSE' ? inUse(port) : messageOf(error)
        const setting =
          codeOf(error) === 'EADDRINUSE' || codeOf(error) === 'EACCES'
            ? 'HTTP_PORT (--http-port) to another port'
            : 'HTTP_HOST (--http-host) to an address of this machine'
        reject(new BindError(`the HTTP server cannot listen on ${host}:${port}: ${why}; set ${setting}`, error))
      })
      this.#server.listen(port, host.replace(/^\[|\]$/g, ''), resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections() // MJPEG readers would never disconnect on their own.
    await closed
  }
}
