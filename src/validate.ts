// Checks all input (settings, requests), with one form of error: the field, what was expected, what came.

import { z } from 'zod'
import { redact } from './redact.js'

/** For error messages: what a schema expects of a value. */
const expectations = z.registry<{ expected: string }>()

/** @param expected completes "expected ..." in errors. @param description for the reference, in Markdown. */
export function described<Schema extends z.ZodType>(schema: Schema, expected: string, description: string): Schema {
  const result = schema.describe(description)
  expectations.add(result, { expected })
  return result
}

/** Of an issue whose message says it all, without the value. */
export const WHOLE_MESSAGE = { whole: true }

export function expectedOf(schema: z.ZodType | undefined): string | undefined {
  return schema && (expectations.get(schema)?.expected ?? schema.description)
}

/** What is wrong with one field. */
export interface Complaint {
  field: string
  message: string
}

/** A value as error messages show it: short, and without credentials. */
export function shown(value: unknown): string {
  let text = redact(jsonOf(value))
  // The invalid part of an address may be its password ("p/w", "p w", no scheme): hide everything before the last @.
  const at = text.lastIndexOf('@')
  if (text.lastIndexOf(':', at) >= 0 && at >= 0)
    text = `${/^"(?:[a-z]+:\/\/)?/i.exec(text)?.[0] ?? ''}***${text.slice(at)}`
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'a value that is nested too deeply' // JSON.stringify recurses; JSON.parse, which made the value, does not.
  }
}

/**
 * Checks an object against a schema strictly: unknown fields are errors.
 * @returns the checked value, or the first complaint.
 */
export function check<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape>,
  value: unknown,
  what: string,
): { value: z.infer<z.ZodObject<Shape>> } | { complaint: Complaint } {
  const checked = checkAll(schema, value, what)
  return 'value' in checked ? checked : { complaint: checked.complaints[0]! }
}

/** As `check`, with one complaint for each field. @param shownAs of fields whose value may be a secret. */
export function checkAll<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape>,
  value: unknown,
  what: string,
  shownAs: Record<string, unknown> = {},
): { value: z.infer<z.ZodObject<Shape>> } | { complaints: Complaint[] } {
  const result = schema.strict().safeParse(value)
  if (result.success) return { value: result.data }
  const known = Object.keys(schema.shape)
  const complaints = new Map<string, Complaint>()
  for (const issue of result.error.issues) {
    const fields = issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0] ?? '')]
    for (const field of fields.filter((field) => !complaints.has(field))) {
      const message =
        issue.code === 'unrecognized_keys'
          ? `unknown ${what} ${shown(field)}; expected one of ${known.join(', ')}`
          : messageFor(issue, field, schema.shape, value, what, shownAs)
      complaints.set(field, { field, message })
    }
  }
  return { complaints: [...complaints.values()] }
}

function messageFor(
  issue: z.core.$ZodIssue,
  field: string,
  shape: Record<string, z.ZodType>,
  value: unknown,
  what: string,
  shownAs: Record<string, unknown>,
): string {
  if (field === '') return `expected a JSON object with ${Object.keys(shape).join(', ')}, got ${shown(value)}`
  if (issue.code === 'custom' && issue.params?.whole) return `${field}: ${issue.message}`
  const expected = expectedOf(shape[field]) ?? issue.message
  const given = (value as Record<string, unknown>)[field]
  const got = given === undefined ? `the ${what} is missing` : `got ${shown(shownAs[field] ?? given)}`
  return `${field}: expected ${expected}; ${got}`
}
