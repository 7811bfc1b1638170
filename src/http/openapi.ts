// The OpenAPI document: every route, with the schemas and error codes that the routes use. Pure.

import { z } from 'zod'
import { HTTP_ERRORS } from '../error-codes.js'
import { embedded, json, ref, refTo, SCHEMAS, type HttpErrorCode, type Json, type Operation } from './operation.js'
import { OPERATIONS } from './operations.js'

function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, {
    uri: refTo,
    override: ({ zodSchema, jsonSchema }) => {
      // Requests are strict. Responses may get more fields later, and have no defaults.
      if (zodSchema instanceof z.ZodObject && zodSchema.def.catchall === undefined)
        delete jsonSchema.additionalProperties
      delete jsonSchema.default
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, embedded(schema)]))
}

/** Errors of every operation. */
const EVERYWHERE: HttpErrorCode[] = ['ERR_HOST_REFUSED', 'ERR_ORIGIN_REFUSED', 'ERR_INTERNAL']

const SECURITY_SCHEMES = {
  token: { type: 'http', scheme: 'bearer', description: 'A token of `AUTH_TOKENS_FILE`.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'framegate_8090',
    description: 'The cookie of `/sign-in`; its name ends with the port.',
  },
  ticket: { type: 'apiKey', in: 'query', name: 'ticket', description: 'A ticket for the camera.' },
}
/** The last: a gateway without `AUTH_TOKENS_FILE` requires nothing. */
const SECURITY: Json[] = [{ token: [] }, { session: [] }, {}]

/** One response for each status; its description lists the codes. */
function errorResponses(codes: HttpErrorCode[]): Json {
  const all: HttpErrorCode[] = [...codes, ...EVERYWHERE]
  const statuses = new Set(all.map((code) => HTTP_ERRORS[code].status))
  return Object.fromEntries(
    [...statuses].map((status) => {
      const here = all.filter((code) => HTTP_ERRORS[code].status === status)
      const text = here.map((code) => `\`${code}\`: ${HTTP_ERRORS[code].sentence}`).join('\n\n')
      return [status, json(text, { ...ref('Error'), properties: { code: { enum: here } } })]
    }),
  )
}

function operation(about: Operation): Json {
  const { id, tag, summary, description, parameters, request, answer, errors = [], role, ticket } = about
  const access: HttpErrorCode[] = role === 'anyone' ? [] : ['ERR_UNAUTHORIZED']
  if (role === 'admin') access.push('ERR_FORBIDDEN')
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    ...(parameters ? { parameters } : {}),
    ...(request ? { requestBody: { required: true, content: { 'application/json': { schema: ref(request) } } } } : {}),
    ...(role === 'anyone' ? { security: [] } : ticket ? { security: [...SECURITY, { ticket: [] }] } : {}),
    responses: { 200: answer, ...errorResponses([...errors, ...access]) },
  }
}

export function openApiDocument(version: string): Json {
  const paths = Object.entries(OPERATIONS).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries<Operation>(methods).map(([method, about]) => [method, operation(about)])),
  ])
  return {
    openapi: '3.1.1',
    info: {
      title: 'Framegate',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Pulls and decodes each IP camera once and gives every consumer its latest undamaged frame. Bodies are JSON, whatever `Content-Type` says, and at most 64 KiB. Other paths return `ERR_NOT_FOUND` (404), other methods `ERR_METHOD_NOT_ALLOWED` (405). By default only this machine reaches the gateway, and nothing asks for a token. A gateway that other machines reach requires one: `viewer` tokens watch, `admin` tokens also start and stop cameras.',
    },
    servers: [{ url: '.', description: 'This gateway' }],
    tags: [
      { name: 'Cameras', description: 'Start, stop and list cameras.' },
      { name: 'Frames', description: 'Frames over HTTP. ZeroMQ subscribers get them without HTTP.' },
      { name: 'Access', description: 'Signing in, and tickets for players.' },
      { name: 'Gateway', description: 'The gateway itself.' },
    ],
    paths: Object.fromEntries(paths),
    security: SECURITY,
    components: { schemas: componentSchemas(), securitySchemes: SECURITY_SCHEMES },
  }
}
