// The list of all settings, with their defaults. config.ts reads them.

import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { cameraSettings } from './camera-settings.js'
import { isHostRule } from './cameras/camera-hosts.js'
import { ENDPOINT, HOST, listOf, onOrOff, ORIGIN, url } from './setting-schemas.js'

export interface Setting {
  /** Environment variable; the flag and the file's key derive from it. */
  env: string
  schema: z.ZodType
  /** Convert text from the environment or a flag to a number first. */
  number?: boolean
  help: string
  /** @param portOffset PORT_OFFSET. */
  fallback?: (env: NodeJS.ProcessEnv, portOffset: number) => string | number
}

const camera = cameraSettings.shape

export const SETTINGS = {
  // The first one: the defaults of others depend on it.
  portOffset: {
    env: 'PORT_OFFSET',
    number: true,
    schema: z
      .number()
      .int()
      .multipleOf(2) // RTP needs an even port.
      .min(0)
      .max(50000)
      .describe('an even number from 0 to 50000'),
    help: "added to every default port, MediaMTX's and the demo's too, and to the name of the state file",
    fallback: () => 0,
  },
  zmqBind: {
    env: 'ZMQ_BIND',
    schema: listOf((part) => ENDPOINT.test(part) && Number(/:(\d+)$/.exec(part)?.[1] ?? 0) <= 65535)
      .refine((endpoints) => endpoints.length > 0)
      .describe('a comma-separated list of tcp://HOST:PORT and ipc://PATH'),
    help: 'ZeroMQ endpoints to publish frames on',
    fallback: (_, portOffset) => `tcp://127.0.0.1:${5555 + portOffset}`,
  },
  httpHost: {
    env: 'HTTP_HOST',
    schema: z.string().regex(HOST).describe('a host name or an IP address (0.0.0.0 for all)'),
    help: 'host that the HTTP API listens on',
    fallback: () => '127.0.0.1',
  },
  httpPort: {
    env: 'HTTP_PORT',
    number: true,
    schema: z.number().int().min(0).max(65535).describe('a port, a whole number from 0 (any free port) to 65535'),
    help: 'port that the HTTP API listens on',
    fallback: (_, portOffset) => 8090 + portOffset,
  },
  authTokensFile: {
    env: 'AUTH_TOKENS_FILE',
    schema: z.string().min(1).optional().describe('a file path'),
    help: 'file of tokens, one "ROLE TOKEN" per line; without it, only this machine may connect',
  },
  insecureNoAuth: {
    env: 'INSECURE_NO_AUTH',
    schema: onOrOff,
    help: '1: let other machines connect without a token',
    fallback: () => '0',
  },
  allowedHosts: {
    env: 'ALLOWED_HOSTS',
    schema: listOf((name) => HOST.test(name)).describe('a comma-separated list of host names'),
    help: 'host names by which clients may call the gateway, besides IP addresses, localhost and its own name',
    fallback: () => '',
  },
  corsOrigins: {
    env: 'CORS_ORIGINS',
    schema: listOf((origin) => ORIGIN.test(origin)).describe(
      'a comma-separated list of origins such as https://app.example.com or http://localhost:*',
    ),
    help: 'origins of other web pages that may call the gateway',
    fallback: () => 'http://localhost:*,http://127.0.0.1:*,wails://wails,http://wails.localhost',
  },
  trustProxy: {
    env: 'TRUST_PROXY',
    schema: onOrOff,
    help: '1: a reverse proxy sets X-Forwarded-Host and X-Forwarded-Proto',
    fallback: () => '0',
  },
  pubFps: {
    env: 'PUB_FPS',
    number: true,
    schema: camera.pubFps,
    help: 'maximum frames per second, unless the camera sets its own',
    fallback: () => camera.pubFps.parse(undefined),
  },
  scaleWidth: {
    env: 'SCALE_WIDTH',
    number: true,
    schema: camera.scaleWidth,
    help: 'frame width in pixels, unless the camera sets its own',
    fallback: () => camera.scaleWidth.parse(undefined),
  },
  jpegQuality: {
    env: 'JPEG_QUALITY',
    number: true,
    schema: camera.jpegQuality,
    help: 'JPEG quality, unless the camera sets its own',
    fallback: () => camera.jpegQuality.parse(undefined),
  },
  mediamtx: {
    env: 'MEDIAMTX',
    schema: z.enum(['managed', 'external', 'off']).describe('managed, external or off'),
    help: 'MediaMTX: managed (the gateway runs it), external (you run it) or off',
    fallback: () => 'managed',
  },
  mediamtxBin: {
    env: 'MEDIAMTX_BIN',
    schema: z.string().min(1).optional().describe('the path of the mediamtx program'),
    help: 'path of the mediamtx program (default: search PATH, then ~/.cache/framegate)',
  },
  mediamtxApi: {
    env: 'MEDIAMTX_API',
    schema: url(['http:', 'https:']).optional().describe('an address such as http://127.0.0.1:9997'),
    help: "address of MediaMTX's API",
  },
  mediamtxRtsp: {
    env: 'MEDIAMTX_RTSP',
    schema: url(['rtsp:', 'rtsps:']).optional().describe('an address such as rtsp://127.0.0.1:8554'),
    help: "address of MediaMTX's RTSP server",
  },
  mediamtxPublicHost: {
    env: 'MEDIAMTX_PUBLIC_HOST',
    schema: z.string().regex(HOST).optional().describe('a host name or an IP address'),
    help: 'host in WHEP, HLS and RTSP addresses (default: the host of the request)',
  },
  mediamtxPublicWebrtc: {
    env: 'MEDIAMTX_PUBLIC_WEBRTC',
    schema: url(['http:', 'https:']).optional().describe('an address such as https://example.com/webrtc'),
    help: "address of MediaMTX's WebRTC server behind a reverse proxy (default: its port at the public host)",
  },
  mediamtxPublicHls: {
    env: 'MEDIAMTX_PUBLIC_HLS',
    schema: url(['http:', 'https:']).optional().describe('an address such as https://example.com/hls'),
    help: "address of MediaMTX's HLS server behind a reverse proxy (default: its port at the public host)",
  },
  curveServerKey: {
    env: 'CURVE_SERVER_KEY',
    schema: z.string().min(1).optional().describe('a .key_secret file of --make-key'),
    help: 'secret key of ZeroMQ for other machines, made by --make-key',
  },
  curveClients: {
    env: 'CURVE_CLIENTS',
    schema: z.string().min(1).optional().describe('a folder'),
    help: 'folder with the .key files of the ZeroMQ clients that may connect',
  },
  cameraHosts: {
    env: 'CAMERA_HOSTS',
    schema: listOf(isHostRule).describe(
      'a comma-separated list of host names, *.example.com, IP addresses and networks such as 10.0.0.0/8',
    ),
    help: 'hosts and networks that cameras may have (default: all but link-local, multicast and reserved ones)',
    fallback: () => '',
  },
  maxCameras: {
    env: 'MAX_CAMERAS',
    number: true,
    schema: z.number().int().min(1).max(1000).describe('a whole number from 1 to 1000'),
    help: 'most cameras that run at once; fewer if the system allows few file descriptors or threads',
    fallback: () => 256,
  },
  laneSocket: {
    env: 'LANE_SOCKET',
    schema: z.string().max(107).describe('a path of at most 107 bytes, or off'),
    help: 'Unix socket where programs on this machine get raw frames; off: none (default: in XDG_RUNTIME_DIR)',
    fallback: () => '',
  },
  laneMemory: {
    env: 'LANE_MEMORY',
    number: true,
    schema: z.number().int().min(1).max(65536).describe('a whole number of MiB from 1 to 65536'),
    help: 'most memory for raw frames, in MiB',
    fallback: () => 256,
  },
  forgetAfter: {
    env: 'FORGET_AFTER',
    number: true,
    schema: z.number().int().min(0).max(604800).describe('a whole number of seconds from 0 (never) to 604800'),
    help: 'seconds after the last reader until a camera of a program that has never been live is forgotten; 0: never',
    fallback: () => 600,
  },
  stateFile: {
    env: 'STATE_FILE',
    schema: z.string().min(1).describe('a file path'),
    help: 'file that keeps the list of cameras across restarts',
    fallback: (env, portOffset) => {
      const folder = join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'framegate')
      return join(folder, portOffset === 0 ? 'cameras.json' : `cameras-${portOffset}.json`)
    },
  },
  logLevel: {
    env: 'LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error']).describe('debug, info, warn or error'),
    help: 'lowest level to log: debug, info, warn or error',
    fallback: () => 'info',
  },
  logFormat: {
    env: 'LOG_FORMAT',
    schema: z.enum(['auto', 'json', 'pretty']).describe('auto, json or pretty'),
    help: 'form of the log: json, pretty (text), or auto (text on a terminal, otherwise JSON)',
    fallback: () => 'auto',
  },
} satisfies Record<string, Setting>

/** The setting's name in framegate.yaml. */
export const keyOf = (env: string) => env.toLowerCase()

export type Config = { [Key in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Key]['schema']> }
