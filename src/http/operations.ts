// What each route of the HTTP API does, takes and answers: the table behind the OpenAPI document.

import { z } from 'zod'
import { cameraSettings, startRequestJson } from '../camera-settings.js'
import type { HTTP_ERRORS } from '../error-codes.js'
import * as answers from './answers.js'

export type HttpErrorCode = keyof typeof HTTP_ERRORS
export type Json = Record<string, unknown>

export const SCHEMAS = {
  StartRequest: startRequestJson,
  StopRequest: answers.stopRequestJson,
  Camera: answers.cameraAnswer,
  StartAnswer: answers.startAnswer,
  CameraListAnswer: answers.cameraListAnswer,
  CameraAnswer: answers.oneCameraAnswer,
  OkAnswer: answers.okAnswer,
  HealthAnswer: answers.healthAnswer,
  Error: answers.errorAnswer,
}

export const refTo = (id: string) => `#/components/schemas/${id}`
export const ref = (id: keyof typeof SCHEMAS) => ({ $ref: refTo(id) })
/** A schema without the keys that only a document of its own has. */
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
  tag: 'Cameras' | 'Frames' | 'Gateway'
  summary: string
  description?: string
  parameters?: Json[]
  request?: keyof typeof SCHEMAS
  /** The answer with status 200. */
  answer: Json
  errors?: HttpErrorCode[]
}

const cameraName = embedded(z.toJSONSchema(cameraSettings.shape.name))
const camParameter = (description: string, schema: Json) => ({
  name: 'cam',
  in: 'query',
  required: true,
  description,
  schema,
})
const oneCamera = [camParameter('The name of a camera.', cameraName)]

const integerHeader = (description: string) => ({ description, schema: { type: 'integer' } })
const snapshotHeaders = {
  'X-Age-Ms': integerHeader('Age of the frame in ms, since its last packet arrived.'),
  'X-Seq': integerHeader("The frame's number on its topic."),
  'X-Received-At-Us': integerHeader('When its last packet arrived: microseconds since 1970.'),
  'X-Published-At-Us': integerHeader('When it was handed over to readers: microseconds since 1970.'),
  'X-Captured-At-Us': integerHeader("The same by the camera's clock; missing while unknown."),
  'X-Width': integerHeader('Pixels.'),
  'X-Height': integerHeader('Pixels.'),
}
const bytes = (description: string, type: string) => ({ description, content: { [type]: {} } })

/** By path and method. */
export const OPERATIONS: Record<string, Partial<Record<'get' | 'post', Operation>>> = {
  '/cameras': {
    get: {
      id: 'listCameras',
      tag: 'Cameras',
      summary: 'All cameras, with state, addresses and figures',
      answer: json('All cameras.', ref('CameraListAnswer')),
    },
  },
  '/cameras/{name}': {
    get: {
      id: 'getCamera',
      tag: 'Cameras',
      summary: 'One camera',
      parameters: [{ name: 'name', in: 'path', required: true, schema: cameraName }],
      answer: json('The camera.', ref('CameraAnswer')),
      errors: ['ERR_CAMERA_NOT_FOUND'],
    },
  },
  '/cameras/start': {
    post: {
      id: 'startCamera',
      tag: 'Cameras',
      summary: 'Start a camera, or join the one that already pulls this address',
      description:
        'Answers at once; the camera connects in the background. Two starts of one address give one camera, under its first name: case of scheme and host, the default port and the credentials do not matter. With another size or rate `zmq_topic` names a rendition (`lobby-1@320w5fps`), made while it has subscribers. Starting a camera that waits for its next attempt ends the wait.',
      request: 'StartRequest',
      answer: json('The camera.', ref('StartAnswer')),
      errors: [
        'ERR_JSON_INVALID',
        'ERR_BODY_INVALID',
        'ERR_FIELD_INVALID',
        'ERR_BODY_TOO_LARGE',
        'ERR_NAME_IN_USE',
        'ERR_CREDENTIALS_DIFFER',
        'ERR_TOO_MANY_RENDITIONS',
        'ERR_CLOSED',
      ],
    },
  },
  '/cameras/stop': {
    post: {
      id: 'stopCamera',
      tag: 'Cameras',
      summary: 'Stop a camera',
      description: 'Answers when nothing of the camera is left. Succeeds even if it is not running.',
      request: 'StopRequest',
      answer: json('The camera is stopped.', ref('OkAnswer')),
      errors: ['ERR_JSON_INVALID', 'ERR_BODY_INVALID', 'ERR_FIELD_INVALID', 'ERR_BODY_TOO_LARGE'],
    },
  },
  '/snapshot': {
    get: {
      id: 'getSnapshot',
      tag: 'Frames',
      summary: 'The newest frame as a JPEG',
      description: 'If no frame is younger than 200 ms, waits up to 5 s for the next one.',
      parameters: oneCamera,
      answer: { ...bytes("A frame in the camera's own `scale_width`.", 'image/jpeg'), headers: snapshotHeaders },
      errors: ['ERR_FIELD_INVALID', 'ERR_CAMERA_NOT_FOUND', 'ERR_FRAME_UNAVAILABLE'],
    },
  },
  '/mjpeg': {
    get: {
      id: 'streamMjpeg',
      tag: 'Frames',
      summary: 'One camera as MJPEG',
      description:
        'Each part has `Content-Length`, `X-Seq`, `X-Received-At-Us` and `X-Published-At-Us`. A slow reader gets fewer frames, never older ones; one that reads nothing for 30 s is disconnected. The stream ends when the camera is stopped.',
      parameters: oneCamera,
      answer: bytes('Parts of type image/jpeg, without end.', 'multipart/x-mixed-replace; boundary=framegate'),
      errors: ['ERR_FIELD_INVALID', 'ERR_CAMERA_NOT_FOUND'],
    },
  },
  '/frames': {
    get: {
      id: 'streamFrames',
      tag: 'Frames',
      summary: 'Many cameras in one response',
      description:
        'For pages with more cameras than a browser allows connections to one host. Records follow each other: a length (unsigned 32-bit little-endian), then a message of the wire format of that many bytes. The stream ends when all its cameras are stopped.',
      parameters: [
        camParameter('1 to 64 cameras or renditions, such as `lobby-1` or `door@320w5fps`.', {
          type: 'array',
          items: { type: 'string' },
          minItems: 1,
          maxItems: 64,
        }),
      ],
      answer: bytes('Records, without end.', 'application/octet-stream'),
      errors: ['ERR_FIELD_INVALID', 'ERR_CAMERA_NOT_FOUND'],
    },
  },
  '/health': {
    get: {
      id: 'getHealth',
      tag: 'Gateway',
      summary: 'Versions, MediaMTX, state file, and how many cameras are in each state',
      answer: json('The gateway runs.', ref('HealthAnswer')),
    },
  },
  '/openapi.json': {
    get: {
      id: 'getOpenApi',
      tag: 'Gateway',
      summary: 'This document',
      answer: json('OpenAPI 3.1.', { type: 'object' }),
    },
  },
}
