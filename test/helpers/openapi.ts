// Checks the gateway's responses against its own OpenAPI document.

import { z } from 'zod'

type Json = Record<string, any>

/** Converts the document's references to JSON Schema's, and rejects properties that the document does not describe. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict)
  if (schema === null || typeof schema !== 'object') return schema
  const entries = Object.entries(schema).map(([key, value]) => [
    key,
    key === '$ref' ? String(value).replace('#/components/schemas/', '#/$defs/') : strict(value),
  ])
  const copy: Json = Object.fromEntries(entries)
  return copy.type === 'object' && copy.properties ? { additionalProperties: false, ...copy } : copy
}

/** How a JSON response differs from the document; null if it does not. */
export function answerProblem(
  document: Json,
  method: string,
  path: string,
  status: number,
  body: unknown,
): string | null {
  const schema = document.paths[path]?.[method]?.responses[status]?.content['application/json']?.schema
  if (!schema) return `${method} ${path} ${status} is not in the document`
  const { $ref, properties } = schema
  const $defs = strict(document.components.schemas) as Json
  const result = z.fromJSONSchema({ ...(strict({ $ref }) as Json), $defs }).safeParse(body)
  if (!result.success) return z.prettifyError(result.error)
  const code = (body as Json).code
  return properties && !properties.code.enum.includes(code) ? `${code} is not a code of ${method} ${path}` : null
}
