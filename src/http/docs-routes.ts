// /openapi.json, and /docs: Swagger UI for that document, served by the gateway itself.

import Router from '@koa/router'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openApiDocument } from './openapi.js'
import { contentTypeOf, securityHeaders } from './page-routes.js'

/** Relative addresses, so that the page works under a sub-path of a reverse proxy. */
const DOCS_HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Framegate HTTP API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css" />
    <link rel="icon" href="data:," />
    <script src="docs/swagger-ui-bundle.js" defer></script>
    <script src="docs/start.js" defer></script>
  </head>
  <body>
    <div id="docs"></div>
  </body>
</html>
`

const START_JS = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null })\n`

const NOT_BUILT = `The API reference is not built. In a checkout, run "npm run setup" to build it.
The OpenAPI document is at /openapi.json.
`

/** @param folder the built page; its docs/ contains Swagger UI. */
export function docsRoutes(folder: string, version: string): Router {
  const document = `${JSON.stringify(openApiDocument(version))}\n`
  const files = readViewer(join(folder, 'docs'))
  const router = new Router()

  router.get('/openapi.json', (ctx) => {
    ctx.type = 'application/json'
    ctx.body = document
  })

  router.get('/docs', (ctx) => {
    ctx.set(securityHeaders())
    ctx.set('Cache-Control', 'no-cache')
    ctx.type = files ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8'
    ctx.body = files ? DOCS_HTML : NOT_BUILT
  })

  router.get('/docs/:name', (ctx) => {
    const name = ctx.params.name ?? ''
    const file = files?.get(name)
    if (file === undefined) return
    ctx.set(securityHeaders())
    ctx.set('Cache-Control', 'no-cache')
    ctx.type = contentTypeOf(name)
    ctx.body = file
  })

  return router
}

/** undefined if it is not built. */
function readViewer(folder: string): Map<string, Buffer> | undefined {
  try {
    const names = ['swagger-ui.css', 'swagger-ui-bundle.js']
    return new Map([
      ['start.js', Buffer.from(START_JS)],
      ...names.map((name) => [name, readFileSync(join(folder, name))] as const),
    ])
  } catch {
    return undefined
  }
}
