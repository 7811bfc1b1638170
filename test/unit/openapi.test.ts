import { Validator } from '@seriousme/openapi-schema-validator'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { HTTP_ERRORS } from '../../src/error-codes.js'
import type { HttpDeps } from '../../src/http/deps.js'
import { openApiDocument } from '../../src/http/openapi.js'
import { routersOf } from '../../src/http/server.js'
import { ROOT } from '../helpers/paths.js'

const document: any = openApiDocument('1.2.3')
// Pages for browsers.
const NOT_API = ['GET /', 'GET /assets/{name}', 'GET /docs', 'GET /docs/{name}']

t.test('the document is valid OpenAPI 3.1', async (t) => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(document))
  t.ok(valid, JSON.stringify(errors))
  t.equal(validator.version, '3.1')
  t.equal(document.info.version, '1.2.3')
})

t.test('the document describes every route, and no other', async (t) => {
  const routers = routersOf({ pageFolder: '/nonexistent', version: '1.2.3' } as HttpDeps)
  const served = routers
    .flatMap((router) => router.stack)
    .flatMap(({ methods, path }) =>
      methods
        .filter((method) => method !== 'HEAD')
        .map((method) => `${method} ${String(path).replace(/:(\w+)/g, '{$1}')}`),
    )
  const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  t.strictSame([...described, ...NOT_API].sort(), served.sort())
})

t.test('every reference resolves to a schema, and the document has every error code', async (t) => {
  const text = JSON.stringify(document)
  const refs = new Set([...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]!))
  t.ok(refs.size >= 6)
  for (const ref of refs) t.ok(document.components.schemas[ref], ref)
  for (const code of Object.keys(HTTP_ERRORS)) t.match(text, `\`${code}\``)
})

t.test('docs/http-api.md has a row for every field of a camera, an event and a setting', async (t) => {
  const { Camera, CameraEventsAnswer, SettingsAnswer, StartRequest } = document.components.schemas
  const rows = readFileSync(join(ROOT, 'docs/http-api.md'), 'utf8').split('\n')
  const event = CameraEventsAnswer.properties.events.items.properties
  const setting = SettingsAnswer.properties.settings.items.properties
  const ofCamera = Object.entries<any>(Camera.properties).filter(([key]) => !(key in StartRequest.properties)) // camera-settings.test.ts
  for (const [key, { description }] of [...ofCamera, ...Object.entries<any>(event), ...Object.entries<any>(setting)])
    t.ok(rows.includes(`| \`${key}\` | ${description} |`), `| \`${key}\` | ${description} |`)
})

t.test('every field of a camera and of a start is described', async (t) => {
  const { Camera, StartRequest } = document.components.schemas
  t.ok(Object.keys(Camera.properties).length >= 30)
  for (const { properties } of [Camera, StartRequest])
    for (const [key, { description }] of Object.entries<any>(properties)) t.match(description, /\w+/, key)
  t.notOk(Camera.properties.rtsp, 'the address holds the password')
  t.strictSame(StartRequest.required, ['name', 'rtsp'])
})
