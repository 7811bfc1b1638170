// The HTTP server: Koa with CORS, one form of errors and a graceful shutdown.

import type Router from '@koa/router'
import Koa from 'koa'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inUse } from '../port-holder.js'
import { connectionLimits, processLimits } from '../process-limits.js'
import { BindError, codeOf, messageOf } from '../errors.js'
import { accessControl } from './access.js'
import { browserGuard, corsHeaders } from './browser-guard.js'
import { addressOf } from './caller.js'
import { cameraRoutes } from './camera-routes.js'
import type { Logger } from '../types.js'
import type { HttpDeps } from './deps.js'
import { docsRoutes } from './docs-routes.js'
import { errorMiddleware } from './error-middleware.js'
import { frameRoutes } from './frame-routes.js'
import { healthRoutes } from './health-routes.js'
import { jsonLines } from './json-lines.js'
import { metricsRoutes } from './metrics-routes.js'
import { pageRoutes } from './page-routes.js'
import { mayRespond } from './pipelining.js'
import { sessionRoutes } from './session-routes.js'
import { settingsRoutes } from './settings-routes.js'
import { Turns } from './turns.js'

const DROP_LOG_EVERY_MS = 60000

/** All routes; openapi.ts describes them. */
export function routersOf(deps: HttpDeps): Router[] {
  const { pageFolder, version } = deps
  return [
    cameraRoutes(deps),
    frameRoutes(deps),
    healthRoutes(deps),
    metricsRoutes(deps),
    settingsRoutes(deps),
    sessionRoutes(deps),
    pageRoutes(pageFolder),
    docsRoutes(pageFolder, version),
  ]
}

export class HttpServer {
  readonly #server: Server
  readonly #connections = { open: 0, refused: 0 }

  constructor(deps: HttpDeps) {
    const app = new Koa()
    app.proxy = deps.browsers.trustProxy // X-Forwarded-Host: clients use the name of the reverse proxy.
    app.silent = true
    app.use(corsHeaders(deps.browsers))
    app.use(jsonLines)
    app.use(errorMiddleware(deps.logger))
    app.use(browserGuard(deps.browsers))
    app.use(accessControl(deps.auth))
    const routers = routersOf(deps)
    for (const router of routers) app.use(router.routes())
    for (const router of routers) app.use(router.allowedMethods())
    const handle = app.callback()
    const turns = new Turns()
    // Node looks for requests that exceed the timeouts only so often, by default every 30 s.
    const limits = { headersTimeout: 10000, requestTimeout: 30000, connectionsCheckingInterval: 2000 }
    this.#server = createServer(limits, (request, response) => {
      survive(request, response)
      if (!mayRespond(request, response)) return
      request.url = pathOf(request.url)
      turns.begin(addressOf(request, deps.browsers.trustProxy), () => {
        if (request.socket.destroyed) return false
        void handle(request, response)
        return true
      })
    })
    this.#limitConnections(deps.logger)
  }

  /** Leaves most of the process's file descriptors to cameras. */
  #limitConnections(logger: Logger): void {
    this.#server.maxConnections = connectionLimits(processLimits()).http
    let loggedAtMs = -Infinity
    this.#server.on('connection', (socket) => {
      this.#connections.open++
      socket.once('close', () => this.#connections.open--)
    })
    this.#server.on('drop', () => {
      this.#connections.refused++
      if (performance.now() - loggedAtMs < DROP_LOG_EVERY_MS) return
      loggedAtMs = performance.now()
      logger.warn(`HTTP: refusing connections beyond the limit of ${this.#server.maxConnections}`)
    })
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

  /** Connections now, the most there may be, and how many were refused. */
  get connections(): { open: number; max: number; refused: number } {
    return { ...this.#connections, max: this.#server.maxConnections }
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections() // MJPEG readers would never disconnect on their own.
    await closed
  }
}

/** An 'error' event without a listener ends the process. A client that leaves at the wrong moment causes one. */
function survive(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => undefined)
  response.on('error', () => undefined)
}

/** The path and query of a request target; `/%` for one that is not an address: no route has it. */
function pathOf(target = '/'): string {
  if (target.startsWith('/')) return target
  if (!URL.canParse(target)) return '/%'
  const { pathname, search } = new URL(target)
  return pathname.startsWith('/') ? pathname + search : '/%'
}
