// The JSON Schema of framegate.yaml, for editors: from the same definitions that check the file.

import { z } from 'zod'
import { CAMERA_NAME, cameraSettings, fileCameraJson } from '../camera-settings.js'
import { keyOf, SETTINGS, type Setting } from '../settings.js'
import { expectedOf } from '../validate.js'

type Json = Record<string, unknown>

/** Any value may be, or contain, a reference to a secret. */
const reference = { type: 'string', pattern: '\\$\\{[^}]+\\}|^file:' }

export function configJsonSchema(): Json {
  const settings = Object.values<Setting>(SETTINGS).map((setting) => {
    const help = `${setting.help[0]!.toUpperCase()}${setting.help.slice(1)}. Expected: ${expectedOf(setting.schema)}.`
    const fallback = setting.fallback?.({ HOME: '~' }, 0)
    const shown =
      fallback === undefined || fallback === '' || setting === SETTINGS.stateFile ? {} : { default: fallback }
    return [keyOf(setting.env), { description: help, ...shown, ...either(setting.schema) }] as const
  })
  const camera = Object.entries(fileCameraJson.shape).map(
    ([key, schema]) => [key, { description: fileDescription(schema), ...either(schema) }] as const,
  )
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'framegate.yaml',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...Object.fromEntries(settings),
      cameras: {
        description: 'The cameras, by name.',
        type: ['object', 'null'],
        propertyNames: { pattern: CAMERA_NAME.source, description: expectedOf(cameraSettings.shape.name) },
        additionalProperties: {
          type: 'object',
          additionalProperties: false,
          required: ['rtsp'],
          properties: Object.fromEntries(camera),
        },
      },
    },
  }
}

/** What a camera's setting means in the file, where there is no request and no running camera. */
export function fileDescription(schema: z.ZodType): string {
  return (schema.description ?? '').replace(/ Ignored if the camera is already running,[^.]*\.(?= |$)/, '')
}

/** The value, a reference, or nothing: the default. */
function either(schema: z.ZodType): Json {
  const own: Json = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' })
  for (const key of ['$schema', 'description', 'default']) delete own[key]
  return { anyOf: [own, reference, { type: 'null' }] }
}
