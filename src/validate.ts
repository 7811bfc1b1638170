// One way to check what comes from outside (settings, requests), with one form of
// error: which field, what was expected, what came.

import { z } from 'zod'
import { redact } from './redact.js'

export const CAMERA_NAME = /^[A-Za-z0-9_-]{1,64}$/

// MediaMTX gives these path names a meaning of their own.
const RESERVED_NAMES = new Set(['all', 'all_others'])

/** Whether it can be an address of a camera, and nothing in it can be more than that in a request or a log. */
function isCameraAddress(text: string): boolean {
  if (!/^rtsps?:\/\//i.test(text) || /[\s\u0000-\u001f\u007f\p{Surrogate}]/u.test(text) || !URL.canParse(text))
    return false
  const { hostname, username, password } = new URL(text)
  // Decoded, a control character would begin a line of its own in a request to the camera.
  return hostname !== '' && !/%(?:[01][0-9a-f]|7f)/i.test(`${username}:${password}`)
}

export const fields = {
  name: z
    .string()
    .regex(CAMERA_NAME)
    .refine((name) => !RESERVED_NAMES.has(name))
    .describe('1 to 64 letters, digits, "_" or "-" (not "all" or "all_others")'),
  rtsp: z
    .string()
    .max(2048)
    .refine(isCameraAddress)
    .describe('an address that begins with rtsp:// or rtsps:// and names a host, at most 2048 characters'),
  pubFps: z
    .number()
    .min(0.1)
    .max(120)
    .refine((fps) => Math.abs(fps * 10 - Math.round(fps * 10)) < 1e-9)
    .describe('frames a second, a number from 0.1 to 120 with at most one decimal'),
  scaleWidth: z
    .number()
    .int()
    .refine((width) => width === 0 || (width >= 16 && width <= 7680))
    .describe("pixels, a whole number from 16 to 7680, or 0 for the camera's own width"),
  rtspTransport: z.enum(['automatic', 'tcp', 'udp']).describe('automatic, tcp or udp'),
  cameraTime: z.boolean().describe('true or false'),
  jpegQuality: z.number().int().min(1).max(100).describe('a whole number from 1 to 100'),
}

/** What is wrong with one field. */
export interface Complaint {
  field: string
  message: string
}

function shown(value: unknown): string {
  let text = redact(JSON.stringify(value) ?? String(value))
  // What is wrong with an address may be its password ("p/w", "p w", no scheme): all before the last @ goes.
  const at = text.lastIndexOf('@')
  if (text.lastIndexOf(':', at) >= 0 && at >= 0)
    text = `${/^"(?:[a-z]+:\/\/)?/i.exec(text)?.[0] ?? ''}***${text.slice(at)}`
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/**
 * Checks an object against a strict schema whose fields each have a description.
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
  const expected = (schema.shape as Record<string, z.ZodType>)[field]?.description ?? issue.message
  const given = (value as Record<string, unknown>)[field]
  const got = given === undefined ? 'it is missing' : `got ${shown(given)}`
  return { complaint: { field, message: `${field}: expected ${expected}; ${got}` } }
}
