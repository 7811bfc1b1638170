// The part of answers.ts for operators: the events of a camera, and the settings.

import { z } from 'zod'
import { CAMERA_STATES, cameraErrorCode } from './answers.js'

const cameraEvent = z.object({
  kind: z
    .enum(['started', 'replaced', 'state', 'problem'])
    .describe(
      '`started`: the camera was added. `replaced`: it got other settings. `state`: its state changed. `problem`: an error that did not change the state, such as another attempt that failed for the same reason.',
    ),
  first_at: z.iso.datetime().describe('When it first happened.'),
  last_at: z.iso.datetime().describe('When it last happened; the same as `first_at` if it happened once.'),
  count: z.int().min(1).describe('How often it happened.'),
  from: z.enum(CAMERA_STATES).nullable().describe('Of `state`: the state before; null otherwise.'),
  to: z.enum(CAMERA_STATES).nullable().describe('Of `state`: the state after; null otherwise.'),
  code: cameraErrorCode.nullable().describe('The reason, as in `last_error`; null if there is none.'),
  message: z
    .string()
    .nullable()
    .describe('The newest reason, for people; null if there is none. Never contains a password.'),
  changed: z.array(z.string()).describe('Of `replaced`: the settings that changed, such as `rtsp`; empty otherwise.'),
  by: z
    .string()
    .nullable()
    .describe(
      'Of `started` and `replaced`: the client that sent the request. Null for other kinds; if the gateway requires tokens, also without an `admin` token.',
    ),
})
export type CameraEventAnswer = z.output<typeof cameraEvent>

export const cameraEventsAnswer = z.object({
  ok: z.literal(true),
  events: z.array(cameraEvent).max(50).describe('The newest first.'),
})

const setting = z.object({
  name: z.string().describe('Its name in `framegate.yaml`.'),
  variable: z.string().describe('Its environment variable.'),
  value: z
    .union([z.string(), z.number(), z.boolean(), z.array(z.string())])
    .nullable()
    .describe('The value in effect, with `***` for secrets; null: not set.'),
  source: z
    .enum(['flag', 'environment', 'file', 'default'])
    .describe('Where the value comes from: `flag`, `environment`, `file` or `default`.'),
  line: z
    .int()
    .min(1)
    .nullable()
    .describe('If `source` is `file`: its line in `framegate.yaml` when the file was read; null otherwise.'),
  meaning: z.string().describe('For people.'),
})

export const settingsAnswer = z.object({
  ok: z.literal(true),
  file: z.string().nullable().describe('The path of `framegate.yaml`; null: there is none.'),
  settings: z.array(setting),
})
export type SettingsAnswer = z.output<typeof settingsAnswer>
