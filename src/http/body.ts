// Reads and checks the body of a request.

import type { Context } from 'koa'
import getRawBody from 'raw-body'
import type { z } from 'zod'
import { messageOf, RequestError } from '../errors.js'
import { check } from '../validate.js'

const MAX_BODY_BYTES = 64 * 1024
const BODY_LIMIT_MS = 10000

/** @throws RequestError ERR_BODY_TOO_LARGE, ERR_BODY_INVALID, ERR_JSON_INVALID, ERR_FIELD_INVALID */
export async function readBody<Shape extends z.core.$ZodLooseShape>(
  ctx: Context,
  schema: z.ZodObject<Shape>,
): Promise<z.infer<z.ZodObject<Shape>>> {
  // Ignore Content-Type: curl -d sends that of a form.
  let text: string
  const limit = setTimeout(() => ctx.req.destroy(), BODY_LIMIT_MS)
  try {
    text = await getRawBody(ctx.req, { limit: MAX_BODY_BYTES, encoding: 'utf8', length: ctx.request.length ?? null })
  } catch (error) {
    if ((error as { type?: string }).type === 'entity.too.large') {
      throw new RequestError('ERR_BODY_TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES / 1024} KiB`)
    }
    throw new RequestError('ERR_BODY_INVALID', `the gateway could not read the body: ${messageOf(error)}`)
  } finally {
    clearTimeout(limit)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new RequestError(
      'ERR_JSON_INVALID',
      `the body is not valid JSON; expected an object with ${Object.keys(schema.shape).join(', ')}`,
    )
  }
  const checked = check(schema, value, 'field')
  if ('complaint' in checked) throw new RequestError('ERR_FIELD_INVALID', checked.complaint.message)
  return checked.value
}
