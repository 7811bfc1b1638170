// A camera's settings: the one list. The registry, the state file, the HTTP API and its OpenAPI document derive from
// it, so a new setting is one line here plus its use. Keys are camelCase here, snake_case in JSON.

import { z } from 'zod'
import { readCameraAddress } from './camera-address.js'
import { described, expectedOf, WHOLE_MESSAGE } from './validate.js'

/** Excludes the names that MediaMTX reserves. */
export const CAMERA_NAME = /^(?!all$|all_others$)[A-Za-z0-9_-]{1,64}$/

const RTSP_ADDRESS =
  '^\\s*(?:[Rr][Tt][Ss][Pp][Ss]?://\\s*\\S|//\\s*[^\\s/]|(?![A-Za-z][A-Za-z0-9+.-]*:/)[^\\s/.~][^.:/@]*[.:/@])'

function encodedAddress(typed: string): string {
  const read = readCameraAddress(typed)
  return 'address' in read ? read.address : typed
}

const hasOneDecimal = (fps: number) => Math.abs(fps * 10 - Math.round(fps * 10)) < 1e-9

// Each: the schema with its default, what an error message expects, and what the reference says.
export const cameraSettings = z.object({
  name: described(
    z.string().regex(CAMERA_NAME),
    '1 to 64 letters, digits, "_" or "-" (not "all" or "all_others")',
    '1 to 64 letters, digits, `_` or `-`; not `all` or `all_others`, which MediaMTX reserves.',
  ),
  rtsp: described(
    z
      .string()
      .max(2048)
      .superRefine((typed, context) => {
        const read = readCameraAddress(typed)
        if ('problem' in read) context.addIssue({ code: 'custom', message: read.problem, params: WHOLE_MESSAGE })
      })
      .overwrite(encodedAddress)
      // Of the JSON Schema alone: what of the rules a pattern can express.
      .meta({ pattern: RTSP_ADDRESS }),
    'an address that begins with rtsp:// or rtsps:// and names a host, at most 2048 characters',
    'Address of the camera, `rtsp://` or `rtsps://`, with its user name and password; `rtsp://` may be left out (`192.168.1.10/stream`). A password may hold `@ : / ? #` and spaces as they are. If the gateway cannot find out where the password ends, it answers with an error; then percent-encode these characters (`%40`, `%3A`, `%2F`, `%3F`, `%23`, `%20`).',
  ),
  pubFps: described(
    z.number().min(0.1).max(120).refine(hasOneDecimal).default(20),
    'a number of frames per second from 0.1 to 120, with at most one decimal',
    "Maximum frames per second, 0.1 to 120 with at most one decimal. Which frames are dropped depends on the camera's timestamps, not on when packets arrive. Default: `PUB_FPS`.",
  ),
  scaleWidth: described(
    z.union([z.literal(0), z.int().min(16).max(7680)]).default(640),
    "a whole number of pixels from 16 to 7680, or 0 for the camera's own width",
    "Width of frames: 16 to 7680 pixels, or 0 for the camera's own. The gateway never scales up. Default: `SCALE_WIDTH`.",
  ),
  jpegQuality: described(
    z.int().min(1).max(100).default(80),
    'a whole number from 1 to 100',
    'JPEG quality, 1 to 100. Ignored if the camera is already running, unless `replace` is true. Default: `JPEG_QUALITY`.',
  ),
  cameraTime: described(
    z.boolean().default(false),
    'true or false',
    "Let MediaMTX pass on when the camera took each frame, by its own clock. Through an external MediaMTX, or one over UDP, frames have `captured_at_us` only with it. MediaMTX then passes nothing on before the camera's first RTCP report, some seconds later, and nothing at all of a camera that sends none. Ignored if the camera is already running, unless `replace` is true. Default: `false`.",
  ),
  rtspTransport: described(
    z.enum(['automatic', 'tcp', 'udp']).default('automatic'),
    'automatic, tcp or udp',
    'How packets arrive from the camera. `automatic`: TCP, then UDP if the camera refuses TCP. With an external MediaMTX the gateway cannot detect the refusal; set `udp` yourself. UDP loses packets, and each loss costs the frames up to the next key frame. Ignored if the camera is already running, unless `replace` is true. Default: `automatic`.',
  ),
  tlsFingerprint: described(
    z
      .string()
      .regex(/^[0-9a-f]{2}(?::?[0-9a-f]{2}){31}$/i)
      .overwrite((text) => text.replaceAll(':', '').toLowerCase())
      .nullable()
      .default(null),
    'a SHA-256 fingerprint of 64 hexadecimal digits, with or without colons, or null',
    "For `rtsps://`: SHA-256 fingerprint of the camera's certificate, 64 hexadecimal digits with or without colons. The gateway then accepts only this certificate, also if it is self-signed, has expired or names another host. Without it, an authority that the gateway's machine trusts must have signed the certificate; otherwise `ERR_SOURCE_TLS` shows the fingerprint. Ignored if the camera is already running, unless `replace` is true or the camera's error is `ERR_SOURCE_TLS`. Default: null.",
  ),
})

export type CameraSettings = z.output<typeof cameraSettings>
export type RtspTransport = CameraSettings['rtspTransport']
/** A start request. Settings that it leaves out default to the gateway's, or to the running camera's. */
export type StartRequest = z.input<typeof cameraSettings> & {
  retry?: boolean | undefined
  replace?: boolean | undefined
  keep?: boolean | undefined
}

type Snake<Key> = Key extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${Snake<Tail>}`
  : ''
type SnakeKeys<T> = { [Key in keyof T as Snake<Key>]: T[Key] }
type Shape = typeof cameraSettings.shape
type Requested<Schema> = Schema extends z.ZodDefault<infer Inner extends z.ZodType> ? z.ZodOptional<Inner> : Schema

/** `pubFps` becomes `pub_fps`. */
export const jsonKey = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
const mapEntries = (from: object, map: (key: string, value: unknown) => [string, unknown]) =>
  Object.fromEntries(Object.entries(from).map(([key, value]) => map(key, value)))

/** Without the default, which comes from the gateway or the running camera. */
const requested = (schema: z.ZodType) =>
  schema instanceof z.ZodDefault
    ? described((schema.unwrap() as z.ZodType).optional(), expectedOf(schema) ?? '', schema.description ?? '')
    : schema

/** The settings as JSON, defaults filled in: the state file's form. */
export const cameraSettingsJson = z.object(
  mapEntries(cameraSettings.shape, (key, schema) => [jsonKey(key), schema]) as SnakeKeys<Shape>,
)

const flag = (description: string) => described(z.boolean().optional(), 'true or false', description)

/** The settings of a request, without defaults. */
export const startRequestJson = z
  .strictObject(
    mapEntries(cameraSettings.shape, (key, schema) => [jsonKey(key), requested(schema as z.ZodType)]) as SnakeKeys<{
      [Key in keyof Shape]: Requested<Shape[Key]>
    }>,
  )
  .extend({
    // Not settings: nothing remembers them.
    replace: flag(
      'Replace the camera of this name, or of this address, if it runs with another address, user name, password or other settings. Settings that the request leaves out stay as they are. To keep the address with its user name and password, send its `source` (with `***`) as `rtsp`. The camera then connects again, and its HTTP streams end. Default: `false`. To change the address or the credentials of a camera that has never been live, no `replace` is needed.',
    ),
    keep: flag(
      'Keep the camera across restarts. `false`: until the camera is live for the first time, the gateway does not save it, and removes it `FORGET_AFTER` seconds after its last reader left. Default: `true`.',
    ),
    retry: flag(
      'Try at once even if the camera refused the user name or password before. Every wrong attempt may bring the camera closer to locking the account. Default: `false`.',
    ),
  })

/** A camera in framegate.yaml, below its name. */
export const fileCameraJson = startRequestJson.omit({ name: true, replace: true, keep: true, retry: true })

/** `{pubFps: 5}` becomes `{pub_fps: 5}`. */
export function toJson<T extends Partial<CameraSettings>>(settings: T): SnakeKeys<T> {
  return mapEntries(settings, (key, value) => [jsonKey(key), value]) as SnakeKeys<T>
}

/** `{pub_fps: 5}` becomes `{pubFps: 5}`. The caller has checked the input. */
export function fromJson(json: z.output<typeof cameraSettingsJson>): CameraSettings
export function fromJson(json: z.output<typeof startRequestJson>): StartRequest
export function fromJson(json: object): object {
  return mapEntries(json, (key, value) => [camel(key), value])
}
