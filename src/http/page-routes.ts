// The page at /, built by Vite and held in memory.

import Router from '@koa/router'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

// WHEP and HLS are on other ports, perhaps on another host (MEDIAMTX_PUBLIC_HOST). hls.js
// plays from blob: addresses, and starts its worker from one.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  'media-src blob: http: https:',
  "connect-src 'self' http: https:",
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const NOT_BUILT = `Framegate is running, but its page is not built.

In a checkout, run "npm run setup" to build it, then restart the gateway.
The list of cameras is at /cameras.
`

/** @param folder with index.html and assets/, as Vite builds it. */
export function pageRoutes(folder: string): Router {
  const files = readFiles(folder)
  const router = new Router()

  router.get('/', (ctx) => {
    const index = files.get('index.html')
    ctx.set(securityHeaders())
    ctx.set('Cache-Control', 'no-cache')
    ctx.type = index ? TYPES['.html']! : 'text/plain; charset=utf-8'
    ctx.body = index ?? NOT_BUILT
  })

  router.get('/assets/:name', (ctx) => {
    const name = ctx.params.name ?? ''
    const file = files.get(`assets/${name}`)
    if (!file) return
    ctx.set(securityHeaders())
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable') // The name contains a hash of the content.
    ctx.type = contentTypeOf(name)
    ctx.body = file
  })

  return router
}

export function contentTypeOf(name: string): string {
  return TYPES[extname(name)] ?? 'application/octet-stream'
}

export function securityHeaders(): Record<string, string> {
  return {
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  }
}

/** Empty if the page is not built. */
function readFiles(folder: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  try {
    files.set('index.html', readFileSync(join(folder, 'index.html')))
    for (const name of readdirSync(join(folder, 'assets')))
      files.set(`assets/${name}`, readFileSync(join(folder, 'assets', name)))
  } catch {
    return new Map()
  }
  return files
}
