// What each route of the HTTP API does, accepts and returns: the table behind the OpenAPI document.

import { z } from 'zod'
import { cameraSettings } from '../camera-settings.js'
import { ACCESS_OPERATIONS } from './access-operations.js'
import { embedded, json, ref, type HttpErrorCode, type Json, type Operations } from './operation.js'

const cameraName = embedded(z.toJSONSchema(cameraSettings.shape.name))
const camParameter = (description: string, schema: Json) => ({
  name: 'cam',
  in: 'query',
  required: true,
  description,
  schema,
})
const inPath = { name: 'name', in: 'path', required: true, schema: cameraName }
const oneCamera = [camParameter('The name of a camera.', cameraName)]

const integerHeader = (description: string) => ({ description, schema: { type: 'integer' } })
const snapshotHeaders = {
  'X-Age-Ms': integerHeader('Time since the last packet of the frame arrived, in ms.'),
  'X-Seq': integerHeader("The frame's number on its topic."),
  'X-Received-At-Us': integerHeader('When the last packet of the frame arrived: microseconds since 1970.'),
  'X-Published-At-Us': integerHeader('When the gateway published the frame: microseconds since 1970.'),
  'X-Captured-At-Us': integerHeader(
    'When the camera captured the frame, by its own clock: microseconds since 1970; missing while unknown.',
  ),
  'X-Width': integerHeader('Pixels.'),
  'X-Height': integerHeader('Pixels.'),
}
const STREAM_ERRORS: HttpErrorCode[] = [
  'ERR_FIELD_INVALID',
  'ERR_CAMERA_NOT_FOUND',
  'ERR_PIPELINED',
  'ERR_TOO_MANY_READERS',
  'ERR_FRAME_UNAVAILABLE',
]
const bytes = (description: string, type: string) => ({ description, content: { [type]: {} } })

/** By path and method. */
export const OPERATIONS: Operations = {
  '/cameras': {
    get: {
      id: 'listCameras',
      tag: 'Cameras',
      summary: 'All cameras, with state, addresses and statistics',
      answer: json('All cameras.', ref('CameraListAnswer')),
    },
  },
  '/cameras/{name}': {
    get: {
      id: 'getCamera',
      tag: 'Cameras',
      summary: 'One camera',
      parameters: [inPath],
      answer: json('The camera.', ref('CameraAnswer')),
      errors: ['ERR_CAMERA_NOT_FOUND'],
    },
  },
  '/cameras/{name}/events': {
    get: {
      id: 'getCameraEvents',
      tag: 'Cameras',
      summary: 'What has happened to a camera: the last 50 events, with time and reason',
      description:
        'The gateway keeps them in memory: they end when the camera is stopped and when the gateway restarts, and go on when the camera is replaced. An event that repeats within 10 minutes is one entry with a `count`, and becomes the newest.',
      parameters: [inPath],
      answer: json('The events.', ref('CameraEventsAnswer')),
      errors: ['ERR_CAMERA_NOT_FOUND'],
    },
  },
  '/cameras/start': {
    post: {
      id: 'startCamera',
      role: 'admin',
      tag: 'Cameras',
      summary: 'Start a camera, or join the one that already pulls this address',
      description:
        'Responds at once; the camera connects in the background. A second start of the same address returns the same camera under its first name (`ignored` then lists `name`). The case of scheme and host, the default port and the credentials make no difference. If you ask for another size or rate, `zmq_topic` names a rendition (`lobby-1@320w5fps`), which the gateway encodes while it has subscribers. Starting a camera that is waiting for its next attempt makes it retry at once, except after a refused password: that takes `retry: true` or other credentials.',
      request: 'StartRequest',
      answer: json('The camera.', ref('StartAnswer')),
      errors: [
        'ERR_JSON_INVALID',
        'ERR_BODY_INVALID',
        'ERR_FIELD_INVALID',
        'ERR_BODY_TOO_LARGE',
        'ERR_NAME_IN_USE',
        'ERR_OWNED_BY_FILE',
        'ERR_CREDENTIALS_DIFFER',
        'ERR_TOO_MANY_GUESSES',
        'ERR_TOO_MANY_RENDITIONS',
        'ERR_TOO_MANY_CAMERAS',
        'ERR_CAMERA_HOST',
        'ERR_CLOSED',
      ],
    },
  },
  '/cameras/stop': {
    post: {
      id: 'stopCamera',
      role: 'admin',
      tag: 'Cameras',
      summary: 'Stop a camera',
      description: 'Responds when the camera has stopped completely. Succeeds even if the camera is not running.',
      request: 'StopRequest',
      answer: json('No camera of this name runs any more.', ref('StopAnswer')),
      errors: ['ERR_JSON_INVALID', 'ERR_BODY_INVALID', 'ERR_FIELD_INVALID', 'ERR_BODY_TOO_LARGE', 'ERR_OWNED_BY_FILE'],
    },
  },
  '/snapshot': {
    get: {
      id: 'getSnapshot',
      ticket: true,
      tag: 'Frames',
      summary: 'The newest frame as a JPEG',
      description:
        'If no frame is younger than 200 ms, the gateway waits up to 5 s for the next one, unless the camera is known to refuse.',
      parameters: oneCamera,
      answer: { ...bytes("A frame in the camera's own `scale_width`.", 'image/jpeg'), headers: snapshotHeaders },
      errors: ['ERR_FIELD_INVALID', 'ERR_CAMERA_NOT_FOUND', 'ERR_FRAME_UNAVAILABLE', 'ERR_TOO_MANY_READERS'],
    },
  },
  '/mjpeg': {
    get: {
      id: 'streamMjpeg',
      ticket: true,
      tag: 'Frames',
      summary: 'One camera as MJPEG',
      description:
        'Each part has `Content-Length`, `X-Seq`, `X-Received-At-Us` and `X-Published-At-Us`. A slow reader gets fewer frames, never older ones. The gateway disconnects a reader that reads nothing for 30 s. The stream ends when the camera is stopped. If the camera is known to refuse, the answer is an error.',
      parameters: oneCamera,
      answer: bytes('An endless sequence of image/jpeg parts.', 'multipart/x-mixed-replace; boundary=framegate'),
      errors: STREAM_ERRORS,
    },
  },
  '/frames': {
    get: {
      id: 'streamFrames',
      ticket: true,
      tag: 'Frames',
      summary: 'Many cameras in one response',
      description:
        'For pages that show more cameras than the six connections per host that a browser allows. The body repeats a length (unsigned 32-bit little-endian) and that many bytes, which are one message of the wire format. The stream ends when all its cameras are stopped. If all are known to refuse, the answer is an error.',
      parameters: [
        camParameter('1 to 64 cameras or renditions, such as `lobby-1` or `door@320w5fps`.', {
          type: 'array',
          items: { type: 'string' },
          minItems: 1,
          maxItems: 64,
        }),
      ],
      answer: bytes('An endless sequence of records.', 'application/octet-stream'),
      errors: STREAM_ERRORS,
    },
  },
  '/health': {
    get: {
      id: 'getHealth',
      role: 'anyone',
      tag: 'Gateway',
      summary: 'Versions, MediaMTX, state file, and how many cameras are in each state',
      answer: json('The gateway is running.', ref('HealthAnswer')),
    },
  },
  '/health/live': {
    get: {
      id: 'getLive',
      role: 'anyone',
      tag: 'Gateway',
      summary: 'Whether the gateway responds at all; for supervisors',
      answer: json('It does.', ref('OkAnswer')),
    },
  },
  '/health/ready': {
    get: {
      id: 'getReady',
      role: 'anyone',
      tag: 'Gateway',
      summary: 'Whether the gateway can serve; for load balancers',
      description:
        'It cannot while it starts or shuts down, and while MediaMTX is unavailable. Cameras that are away make no difference. With a token, the message says more.',
      answer: json('It can.', ref('OkAnswer')),
      errors: ['ERR_NOT_READY'],
    },
  },
  '/settings': {
    get: {
      id: 'getSettings',
      role: 'admin',
      tag: 'Gateway',
      summary: 'The settings in effect, and where each comes from',
      answer: json('The settings.', ref('SettingsAnswer')),
    },
  },
  '/metrics': {
    get: {
      id: 'getMetrics',
      tag: 'Gateway',
      summary: 'Metrics of the gateway and of each camera, for Prometheus',
      description: 'docs/operations.md describes them.',
      answer: { description: "Prometheus' text format.", content: { 'text/plain': {} } },
    },
  },
  ...ACCESS_OPERATIONS,
  '/openapi.json': {
    get: {
      id: 'getOpenApi',
      role: 'anyone',
      tag: 'Gateway',
      summary: 'This document',
      answer: json('OpenAPI 3.1.', { type: 'object' }),
    },
  },
}
