// The forms that several settings have.

import { z } from 'zod'

export const ENDPOINT = /^(tcp:\/\/(\*|\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+):(\*|\d{1,5})|ipc:\/\/.+)$/
export const HOST = /^(\[[0-9a-fA-F:]+\]|[0-9a-fA-F:]+|[A-Za-z0-9._-]{1,253})$/

export const url = (protocols: string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).hostname !== '')

/** Text with commas between the parts, or in YAML a list. */
export const listOf = (isPart: (part: string) => boolean) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((value) => [value].flat().flatMap((text) => text.split(',')))
    .transform((parts) => parts.map((part) => part.trim()).filter((part) => part !== ''))
    .refine((parts) => parts.every(isPart))

const ON = ['1', 'true', 'on', 'yes']
const OFF = ['0', 'false', 'off', 'no']
/** YAML has true and 1 as well. */
export const onOrOff = z
  .union([z.string(), z.number(), z.boolean()])
  .transform((value) => String(value).toLowerCase())
  .refine((text) => [...ON, ...OFF].includes(text))
  .transform((text) => ON.includes(text))
  .describe('1 or 0')

// Any scheme, since Wails has its own; `*` as the port is any port.
export const ORIGIN = /^(\*|[a-z][a-z0-9+.-]*:\/\/(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:(\*|\d{1,5}))?)$/i
