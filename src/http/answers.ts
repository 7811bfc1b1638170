// The JSON responses of the HTTP API: types for the routes, and schemas for the OpenAPI document.

import { z } from 'zod'
import { cameraSettings, cameraSettingsJson, startRequestJson } from '../camera-settings.js'
import { CAMERA_ERRORS, HTTP_ERRORS, type CameraErrorCode } from '../error-codes.js'
import { described } from '../validate.js'

const keysOf = <Key extends string>(list: Record<Key, unknown>) => Object.keys(list) as [Key, ...Key[]]
const count = (description: string) => z.int().min(0).describe(description)

export const errorAnswer = z
  .object({
    ok: z.literal(false),
    error: z
      .string()
      .describe('For people. Begins with the name of the field if one is invalid. Never contains a password.'),
    code: z.enum(keysOf(HTTP_ERRORS)).describe('For programs.'),
  })
  .describe('Every error has this form. The HTTP status follows from the code.')

const verdict = z.object({
  ok: z.boolean().nullable().describe('null while unknown.'),
  reason: z.string().nullable().describe('Why a browser will not play it, or why that is unknown; null if it will.'),
})
export type Verdict = z.output<typeof verdict>

const way = z.enum(['webrtc', 'hls', 'mjpeg'])
export type Way = z.output<typeof way>

export const cameraErrorCode = z.enum([
  ...keysOf(CAMERA_ERRORS),
  'ERR_INTERNAL',
  'ERR_CLOSED',
  'ERR_CAMERA_HOST',
] as const satisfies CameraErrorCode[])
export const CAMERA_STATES = ['connecting', 'live', 'stalled', 'retrying', 'stopped'] as const

const lastError = z.object({
  code: cameraErrorCode.describe(
    Object.entries(CAMERA_ERRORS)
      .map(([code, { sentence }]) => `- \`${code}\`: ${sentence}`)
      .join('\n'),
  ),
  message: z.string().describe('For people. Never contains a password.'),
  since: z.iso.datetime().describe('When this error first occurred.'),
})

export const cameraAnswer = z.object({
  // Without the address, which contains the password.
  ...cameraSettingsJson.omit({ rtsp: true }).shape,
  source: z
    .string()
    .describe("The camera's own address, with `***` for user name and password, and for secrets in path and query."),
  owner: z
    .enum(['api', 'file', 'demo'])
    .describe(
      'Who added the camera: `api`: a client; `file`: [`framegate.yaml`](configuration.md#cameras), so the API neither changes nor stops it; `demo`: `--demo`.',
    ),
  state: z
    .enum(CAMERA_STATES)
    .describe(
      '`connecting`: the first attempt is under way. `live`: complete frames arrive, decoded or not. `stalled`: connected, but no complete frame for 1 s, or for 5 frame intervals if that is longer; a camera that has made such pauses before stays `live`. `last_error` stays null until the silence is too long for a pause. `retrying`: waiting for the next attempt, or making it. `stopped`: the camera is being stopped and is about to leave the list.',
    ),
  last_error: lastError
    .nullable()
    .describe(
      '`{code, message, since}`: why the camera delivers nothing; null while live, before the first failure, and while a stall may still be a pause.',
    ),
  next_attempt_s: z
    .int()
    .min(0)
    .nullable()
    .describe(
      'Seconds until the gateway connects to the camera again; null while it is connected or connecting. After a refused password, up to 30 min; a start with `retry: true` or other credentials connects at once.',
    ),
  mediamtx_path: z
    .string()
    .nullable()
    .describe("The camera's path at MediaMTX; null if MediaMTX does not carry the camera."),
  webrtc_whep: z
    .string()
    .nullable()
    .describe(
      'WHEP address, with the host of your request or `MEDIAMTX_PUBLIC_HOST`; null if MediaMTX does not serve WebRTC, or does not carry the camera.',
    ),
  hls: z
    .string()
    .nullable()
    .describe('HLS address; null if MediaMTX does not serve HLS, or does not carry the camera.'),
  rtsp_url: z
    .string()
    .nullable()
    .describe(
      "RTSP address at MediaMTX, for players; null if MediaMTX does not carry the camera. The camera's own address is `source`.",
    ),
  mediamtx_reason: z.string().nullable().describe('Why MediaMTX does not carry this camera; null if it does.'),
  zmq_topic: z.string().describe('ZeroMQ topic. A subscriber subscribes to these bytes followed by one zero byte.'),
  zmq_endpoint: z
    .string()
    .describe('ZeroMQ endpoint to connect to, with the host of your request if the gateway listens on all addresses.'),
  zmq_keys: z
    .boolean()
    .describe('Whether `zmq_endpoint` accepts only clients with [keys](security.md#zeromq) (CURVE).'),
  ticket: z
    .string()
    .nullable()
    .describe(
      'Append it as `&ticket=` to an address of this camera at `/snapshot`, `/mjpeg` or `/frames`; valid for about an hour. null if clients need no token.',
    ),
  lane: z
    .object({
      socket: z.string().describe('Path of the Unix socket.'),
      key: z.int().min(0).describe('Shows the lane that a reader means this gateway; another number in each run.'),
      topic: z.string().describe('The topic to ask for, as `zmq_topic`.'),
      formats: z.array(z.string()).describe('Pixel formats.'),
    })
    .nullable()
    .describe(
      '`{socket, key, topic, formats}`: where programs on this machine get raw frames ([the lane](lane-format.md)); null if there is none.',
    ),
  transport: z.enum(['tcp', 'udp']).describe('How packets arrive from the camera in this session: `tcp` or `udp`.'),
  fps: z.number().min(0).describe('Complete frames per second that arrive from the camera; 0 in the first second.'),
  age_ms: z
    .int()
    .min(0)
    .nullable()
    .describe('Milliseconds since the last packet of the newest complete frame arrived; null before the first.'),
  codec: z
    .string()
    .nullable()
    .describe(
      'Video codec, such as `h264`; null while unknown, as are `audio`, `width`, `height`, `gop_length` and `b_frames`.',
    ),
  audio: z.boolean().nullable().describe('Whether the camera offers audio.'),
  width: z.int().nullable().describe("Width of the camera's own video, in pixels."),
  height: z.int().nullable().describe("Height of the camera's own video, in pixels."),
  waiting_for_key_frame_s: z
    .number()
    .nullable()
    .describe('Seconds that the gateway has waited for a complete key frame; null while it does not wait for one.'),
  gop_length: z.int().nullable().describe('Frames from key frame to key frame.'),
  b_frames: z.boolean().nullable().describe('Whether the video has B-frames.'),
  playability: z
    .object({ webrtc: verdict, hls: verdict })
    .describe(
      '`{webrtc, hls}`, each `{ok, reason}`: whether a browser will play the camera that way, and why not (B-frames, H.265). `ok` is null while unknown. For H.265, `ok` is false although some browsers can play H.265; in those browsers, the React component tries it anyway.',
    ),
  preferred: way.describe('What a browser should try first: `webrtc`, `hls` or `mjpeg`.'),
  decoding: z
    .enum(['all', 'key_frames', 'no'])
    .describe(
      'What the gateway decodes: `all` pictures; `key_frames` alone, if they come as often and as evenly as the fastest reader asks for frames, or if this machine is too slow to decode all; `no`. It decodes while a topic has readers and for 3 s after, and without readers if key frames are so far apart (300 pictures or 32 MiB) that a new reader would wait for one.',
    ),
  cpu_percent: z
    .number()
    .min(0)
    .nullable()
    .describe(
      "CPU time of the camera's own threads (receiving, decoding, scaling, encoding) over the last 5 s, in percent of one core; null in the first second of a session and between sessions. Node.js and MediaMTX, which serve all cameras, come on top.",
    ),
  renditions: z.array(z.string()).describe('Topics that the gateway is encoding.'),
  refused_renditions: z
    .array(z.object({ topic: z.string(), message: z.string() }))
    .describe(
      '`{topic, message}` of each topic that has readers and is not encoded, and why: no memory is left, or the camera has too many.',
    ),
  readers: z
    .object({
      mjpeg: count("HTTP readers of the camera's own topic: `/mjpeg`, `/frames`, `/snapshot`."),
      webrtc: count('WebRTC sessions at MediaMTX.'),
      hls: count('HLS sessions at MediaMTX.'),
      rtsp: count("RTSP sessions at MediaMTX, without the gateway's own."),
    })
    .describe(
      '`{mjpeg, webrtc, hls, rtsp}`: the number of readers, without those of ZeroMQ, the lane, and other sizes and rates. An older form: use `readers_by_kind`, which has all.',
    ),
  readers_by_kind: z
    .object({
      lane: count('Readers of the lane, of any topic of the camera.'),
      zmq: count('ZeroMQ subscriptions to any topic of the camera.'),
      http: count('HTTP readers of any topic of the camera: `/mjpeg`, `/frames`, `/snapshot`.'),
      webrtc: count('WebRTC sessions at MediaMTX.'),
      hls: count('HLS sessions at MediaMTX.'),
      rtsp: count("RTSP sessions at MediaMTX, without the gateway's own."),
    })
    .describe(
      "`{lane, zmq, http, webrtc, hls, rtsp}`: readers now. `lane`: programs on this machine that read raw frames. `zmq`: ZeroMQ subscriptions to the camera or one of its renditions; each `Capture` or `FrameSubscriber` over ZeroMQ has one for each camera, and a subscription to all cameras counts for each. `http`: `/mjpeg`, `/frames` (one for each topic) and `/snapshot` requests that wait; the gateway's own page is one while it shows the camera. `webrtc`, `hls`, `rtsp`: sessions at MediaMTX, asked every 2 s, without the gateway's own.",
    ),
  mjpeg_readers: count('The same as `readers.mjpeg`. An older form: use `readers_by_kind`.'),
  reconnects: count('Number of sessions since the first one.'),
  started_at: z.iso.datetime().describe('When the camera was started.'),
  frames_published: count('Frames published to readers in this session, over all topics.'),
  frames_late: count('Frames that were too old to publish when their turn came, in this session.'),
  frames_overwritten: count('Frames that a newer one replaced before they were published, in this session.'),
  frames_gated: count(
    'Frames not published because they were damaged or depended on a missing key frame, in this session.',
  ),
  totals: z
    .object({
      received_bytes: count('Video from the camera, without packet headers.'),
      received: count('Frames from the camera, whole or not.'),
      decoded: count('Decoded pictures; decoding needs a reader.'),
      shown: count('Pictures given to readers, in one rendition or more.'),
      gated: count('Not shown: incomplete, or without a key frame to begin with.'),
      damaged: count('Not shown: the decoder reported damage.'),
      skipped: count('Not decoded: the decoder was behind, or waited for a key frame after damage.'),
      late: count('Not shown: too old.'),
      overwritten: count('JPEGs that a newer one replaced before they were sent.'),
    })
    .describe(
      '`{received_bytes, received, decoded, shown, gated, damaged, skipped, late, overwritten}`: bytes and frames over all sessions, counted as in [the metrics](operations.md#metrics).',
    ),
})
export type CameraAnswer = z.output<typeof cameraAnswer>

export const cameraListAnswer = z.object({ ok: z.literal(true), cameras: z.array(cameraAnswer) })
export const oneCameraAnswer = z.object({ ok: z.literal(true), camera: cameraAnswer })
export const startAnswer = z
  .object({
    ok: z.literal(true),
    ignored: z
      .array(z.string())
      .describe(
        'Fields of the request that had no effect because the camera already runs with other values, such as `name`: `name` in the answer is the one that it runs under.',
      ),
    replaced: z
      .string()
      .nullable()
      .describe('`source` of the camera that this start replaced; null if it replaced none.'),
    ...cameraAnswer.shape,
  })
  .describe('The camera; `zmq_topic`, `lane`, `pub_fps` and `scale_width` are those of the request.')
export const okAnswer = z.object({ ok: z.literal(true) })
export const stopAnswer = z.object({
  ok: z.literal(true),
  stopped: z.boolean().describe('Whether this call stopped a camera; false if none of this name was running.'),
})
export const stopRequestJson = startRequestJson.pick({ name: true })

export const signInJson = z.strictObject({
  token: described(z.string().min(1).max(1000), 'a token', 'A token of `AUTH_TOKENS_FILE`.'),
})
export const sessionAnswer = z.object({
  ok: z.literal(true),
  token_required: z.boolean().describe('Whether this gateway requires a token.'),
  role: z.enum(['viewer', 'admin']).nullable().describe('What you may do; null without a valid token.'),
})
export type SessionAnswer = z.output<typeof sessionAnswer>

export const ticketRequestJson = z.strictObject({
  name: cameraSettings.shape.name,
  valid_s: described(
    z.int().min(10).max(86400).optional(),
    'a whole number of seconds from 10 to 86400',
    'How long the ticket is valid, in seconds: 10 to 86400. Default: about an hour.',
  ),
})
export const ticketAnswer = z.object({
  ok: z.literal(true),
  ticket: z.string().describe('Append it to an address of the camera as `?ticket=`, or `&ticket=`.'),
  expires_at: z.iso.datetime().describe('A reader that has begun by then may go on.'),
})

export const healthAnswer = z.object({
  ok: z.literal(true),
  version: z.string().describe("Framegate's version."),
  uptime_s: count('Seconds since the gateway started.'),
  mediamtx: z.object({
    mode: z.enum(['managed', 'external', 'off']),
    ready: z.boolean(),
    version: z.string().nullable(),
    problem: z.string().nullable().describe('Why MediaMTX is unavailable; null if it is available.'),
  }),
  state_file: z.object({
    problem: z
      .string()
      .nullable()
      .describe('Why the state file does not hold the current list of cameras; null if it does.'),
  }),
  cameras: z
    .object({ connecting: count(''), live: count(''), stalled: count(''), retrying: count('') })
    .describe('How many cameras are in each state.'),
})
export type HealthAnswer = z.output<typeof healthAnswer>
/** Without a token where one is required, only that the gateway runs. */
export const publicHealthAnswer = z.union([healthAnswer, okAnswer])
