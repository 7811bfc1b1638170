// Settings: a flag overrides the environment, the environment the file, the file the default. Every default is here.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { cameraSettings } from './camera-settings.js'
import { ConfigError, messageOf } from './errors.js'
import { expectedOf, shown } from './validate.js'

interface Setting {
  /** Environment variable; the flag and the file's key derive from it. */
  env: string
  schema: z.ZodType
  /** Convert text from the environment or a flag to a number first. */
  number?: boolean
  help: string
  fallback?: (env: NodeJS.ProcessEnv) => string | number
}

const ENDPOINT = /^(tcp:\/\/(\*|\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+):(\*|\d{1,5})|ipc:\/\/.+)$/
const HOST = /^(\[[0-9a-fA-F:]+\]|[0-9a-fA-F:]+|[A-Za-z0-9._-]{1,253})$/

const url = (protocols: string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).hostname !== '')

const camera = cameraSettings.shape

const SETTINGS = {
  zmqBind: {
    env: 'ZMQ_BIND',
    schema: z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .refine((list) => list.every((part) => ENDPOINT.test(part) && Number(/:(\d+)$/.exec(part)?.[1] ?? 0) <= 65535))
      .describe('a comma-separated list of tcp://HOST:PORT and ipc://PATH'),
    help: 'ZeroMQ endpoints to publish frames on',
    fallback: () => 'tcp://127.0.0.1:5555',
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
    fallback: () => 8090,
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
    help: 'path of the mediamtx program (default: search PATH, then the cache of npm run setup)',
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
  stateFile: {
    env: 'STATE_FILE',
    schema: z.string().min(1).describe('a file path'),
    help: 'file that keeps the list of cameras across restarts',
    fallback: (env) => join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'framegate', 'cameras.json'),
  },
  logLevel: {
    env: 'LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error']).describe('debug, info, warn or error'),
    help: 'lowest level to log: debug, info, warn or error',
    fallback: () => 'info',
  },
} satisfies Record<string, Setting>

export type Config = { [Key in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Key]['schema']> }

const flagOf = (env: string) => env.toLowerCase().replaceAll('_', '-')
const keyOf = (env: string) => env.toLowerCase()

export interface CommandLine {
  config: Config
  demo: boolean
  /** Text to print instead of running; null: run. */
  print: string | null
}

/**
 * @param argv without node and script.
 * @throws ConfigError, which names the setting, its value and what was expected.
 */
export function readConfig(argv: string[], env: NodeJS.ProcessEnv, version: string): CommandLine {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    demo: { type: 'boolean' },
    config: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  }
  for (const setting of Object.values(SETTINGS)) options[flagOf(setting.env)] = { type: 'string' }
  let flags: Record<string, string | boolean | undefined>
  try {
    flags = parseArgs({ args: argv, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new ConfigError(`${messageOf(error).split('. ')[0]}; see --help for all options`)
  }
  const configFile = (flags.config as string | undefined) ?? env.CONFIG_FILE
  const file = configFile === undefined ? {} : readConfigFile(configFile)

  const config: Record<string, unknown> = {}
  for (const [key, setting] of Object.entries<Setting>(SETTINGS)) {
    const flag = flags[flagOf(setting.env)]
    const fromEnv = env[setting.env]
    const fromFile = file[keyOf(setting.env)]
    let [source, value]: [string, unknown] = [setting.env, setting.fallback?.(env)]
    if (flag !== undefined) [source, value] = [`--${flagOf(setting.env)}`, flag]
    else if (fromEnv !== undefined && fromEnv !== '') [source, value] = [setting.env, fromEnv]
    else if (fromFile !== undefined) [source, value] = [`${keyOf(setting.env)} in ${configFile}`, fromFile]
    const parsed = setting.schema.safeParse(setting.number && typeof value === 'string' ? toNumber(value) : value)
    if (!parsed.success) {
      throw new ConfigError(`${source}: expected ${expectedOf(setting.schema)}; got ${shown(value)}`)
    }
    config[key] = parsed.data
  }
  const print = flags.help ? helpText() : flags.version ? `framegate ${version}` : null
  return { config: config as Config, demo: flags.demo === true, print }
}

function toNumber(text: string): number {
  return /^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : NaN
}

function readConfigFile(path: string): Record<string, unknown> {
  let content: unknown
  try {
    content = parseYaml(readFileSync(path, 'utf8')) ?? {}
  } catch (error) {
    throw new ConfigError(`--config: expected a readable YAML file; got "${path}" (${messageOf(error).split('\n')[0]})`)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new ConfigError(`--config: expected a YAML file of "setting: value" lines; got "${path}"`)
  }
  const known = Object.values(SETTINGS).map((setting) => keyOf(setting.env))
  const unknown = Object.keys(content).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new ConfigError(`${path}: unknown setting "${unknown}"; expected one of ${known.join(', ')}`)
  return content as Record<string, unknown>
}

function helpText(): string {
  const lines = Object.values(SETTINGS).map((setting: Setting) => {
    const fallback = setting.fallback?.({})
    return `  --${flagOf(setting.env).padEnd(22)} ${setting.env.padEnd(21)} ${setting.help}${fallback === undefined ? '' : ` (${fallback})`}`
  })
  return [
    'framegate: pulls and decodes each RTSP camera once, and gives every consumer its latest undamaged frame',
    '',
    'Each setting can be a flag, an environment variable or a line in a YAML file.',
    'A flag overrides the environment, the environment overrides the file:',
    ...lines,
    `  --${'config FILE'.padEnd(22)} ${'CONFIG_FILE'.padEnd(21)} YAML file of settings, such as http_port: 8090`,
    `  --${'demo'.padEnd(44)} also start a simulated camera`,
    `  --${'help, --version'.padEnd(44)}`,
    'The managed MediaMTX also gets all MTX_* environment variables.',
  ].join('\n')
}
