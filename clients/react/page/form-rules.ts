// What the camera form sends and how it words errors. Pure: no imports but types, so that tests can run it in Node.

import type { Camera, StartAnswer, StartRequest } from './api-types.js'

export type Field = 'name' | 'rtsp' | 'pub_fps' | 'scale_width'
export type Values = Record<Field, string>
export interface Problem {
  /** null: not about one field. */
  field: Field | null
  message: string
}

const FIELDS: Field[] = ['name', 'rtsp', 'pub_fps', 'scale_width']
const CODE_FIELDS: Record<string, Field> = {
  ERR_NAME_IN_USE: 'name',
  ERR_CREDENTIALS_DIFFER: 'rtsp',
  ERR_CAMERA_HOST: 'rtsp',
}
const MASK = '***'

/** Whether the address is one that the gateway shows, with `***` for its secrets. */
export function isMasked(address: string): boolean {
  return address.includes(MASK)
}

/** What is missing before the gateway is asked; null if nothing is. @param editing the camera that the form changes. */
export function missingIn(values: Values, editing: Camera | undefined): Problem | null {
  if (values.name.trim() === '') return { field: 'name', message: 'Enter a name' }
  const address = values.rtsp.trim()
  if (address === '') return { field: 'rtsp', message: 'Enter the camera’s address' }
  if (isMasked(address) && address !== editing?.source)
    return { field: 'rtsp', message: `Replace ${MASK} with the user name and password, as in user:password@` }
  return null
}

/** @param editing the camera that the form changes. The gateway takes its masked address for the one that it has. */
export function requestOf(values: Values, editing: Camera | undefined): StartRequest {
  const number = (text: string) => (text.trim() === '' ? undefined : Number(text.replace(',', '.')))
  return {
    name: values.name.trim(),
    rtsp: values.rtsp.trim(),
    pub_fps: number(values.pub_fps),
    scale_width: number(values.scale_width),
    retry: true, // A person asks.
    replace: editing ? true : undefined,
  }
}

/** The gateway's message about a field begins with the field's name and ends with its value, which the form shows. */
export function problemOf(message: string, code: string): Problem {
  const named = FIELDS.find((name) => message.startsWith(`${name}:`))
  const text = named ? message.slice(named.length + 1).replace(/; (?:got .*|the field is missing)$/s, '') : message
  return { field: named ?? CODE_FIELDS[code] ?? null, message: capitalized(withPageWords(text.trim())) }
}

/** The gateway advises what to send over HTTP. */
function withPageWords(text: string): string {
  return text.replace('send "replace": true', 'use the camera’s Edit button').replace('send the name', 'enter the name')
}

function capitalized(text: string): string {
  return text.replace(/^./, (first) => first.toUpperCase())
}

/** What a start did other than asked; null if it did as asked. */
export function startNote(request: StartRequest, answer: StartAnswer): string | null {
  const { name, source, ignored, replaced } = answer
  if (ignored.includes('name'))
    return `The camera already runs as ${name}; the name ${request.name} was not used. To rename it, stop it, then add it again.`
  return replaced === null || replaced === source ? null : `${name} had another address before: ${replaced}`
}
