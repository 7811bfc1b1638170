// The form of the tables behind the OpenAPI document, and the schemas that they name.

import { startRequestJson } from '../camera-settings.js'
import type { HTTP_ERRORS } from '../error-codes.js'
import * as answers from './answers.js'
import { cameraEventsAnswer, settingsAnswer } from './operator-answers.js'

export type HttpErrorCode = keyof typeof HTTP_ERRORS
export type Json = Record<string, unknown>

export const SCHEMAS = {
  StartRequest: startRequestJson,
  StopRequest: answers.stopRequestJson,
  StopAnswer: answers.stopAnswer,
  Camera: answers.cameraAnswer,
  StartAnswer: answers.startAnswer,
  CameraListAnswer: answers.cameraListAnswer,
  CameraAnswer: answers.oneCameraAnswer,
  CameraEventsAnswer: cameraEventsAnswer,
  SettingsAnswer: settingsAnswer,
  OkAnswer: answers.okAnswer,
  HealthAnswer: answers.publicHealthAnswer,
  SignInRequest: answers.signInJson,
  SessionAnswer: answers.sessionAnswer,
  TicketRequest: answers.ticketRequestJson,
  TicketAnswer: answers.ticketAnswer,
  Error: answers.errorAnswer,
}

export const refTo = (id: string) => `#/components/schemas/${id}`
export const ref = (id: keyof typeof SCHEMAS) => ({ $ref: refTo(id) })
/** A schema without the keys that only a stand-alone document has. */
export function embedded(schema: object): Json {
  const copy: Json = { ...schema }
  delete copy.$schema
  delete copy.$id
  return copy
}

export const json = (description: string, schema: Json) => ({
  description,
  content: { 'application/json': { schema } },
})

export interface Operation {
  id: string
  tag: 'Cameras' | 'Frames' | 'Access' | 'Gateway'
  summary: string
  description?: string
  parameters?: Json[]
  request?: keyof typeof SCHEMAS
  /** The response with status 200. */
  answer: Json
  errors?: HttpErrorCode[]
  /** Who may call it; `anyone` needs no token. Default: viewers and admins. */
  role?: 'anyone' | 'admin'
  /** Whether a ticket takes the place of a token. */
  ticket?: true
}

/** By path and method. */
export type Operations = Record<string, Partial<Record<'get' | 'post', Operation>>>
