// One way to check what comes from outside (settings, requests), with one form of
// error: which field, what was expected, what came.

import { z } from 'zod'
import { redact } from './redact.js'

/** What an error message says was expected of a value. */
const expectations = z.registry<{ expected: string }>()

/** @param expected ends the sentence "expected ..."; @param description for the reference, Markdown. */
export function described<Schema extends z.ZodType>(schema: Schema, expected: string, description: string): Schema {
  const result = schema.describe(description)
  expectations.add(result, { expected })
  return result
}

export function expectedOf(schema: z.ZodType | undefined): string | undefined {
  return schema && (expectations.get(schema)?.expected ?? schema.description)
}

/** What is wrong with one field. */
export interface Complaint {
  field: string
  message: string
}

/** A value for an error message: short, and without credentials. */
export function shown(value: unknown): string {
  let text = redact(JSON.stringify(value) ?? String(value))
  // What is wrong with an address may be its password ("p/w", "p w", no scheme): all before the last @ goes.
  const at = text.lastIndexOf('@')
  if (text.lastIndexOf(':', at) >= 0 && at >= 0)
    text = `${/^"(?:[a-z]+:\/\/)?/i.exec(text)?.[0] ?? ''}***${text.slice(at)}`
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/**
 * Checks an object against a schema, strictly: unknown fields are refused.
 * @returns the checked value, or the first complaint.
 */
export function check<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape>,
  value: unknown,
  what: string,
): { value: z.infer<z.ZodObject<Shape>> } | { complaint: Complaint } {
  const result = schema.strict().safeParse(value)
  if (result.success) return { value: result.data }
  const issue = result.error.issues[0]!
  const known = Object.keys(schema.shape)
  if (issue.code === 'unrecognized_keys') {
    const field = issue.keys[0] ?? ''
    return { complaint: { field, message: `unknown ${what} "${field.slice(0, 80)}"; known are ${known.join(', ')}` } }
  }
  const field = String(issue.path[0] ?? '')
  if (field === '')
    return { complaint: { field, message: `expected a JSON object with ${known.join(', ')}, got ${shown(value)}` } }
  const expected = expectedOf((schema.shape as Record<string, z.ZodType>)[field]) ?? issue.message
  const given = (value as Record<string, unknown>)[field]
  const got = given === undefined ? 'it is missing' : `got ${shown(given)}`
  return { complaint: { field, message: `${field}: expected ${expected}; ${got}` } }
}
