// Reads the settings: a flag overrides the environment, the environment the file, the file the default.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parse as parseYaml } from 'yaml'
import { isLocalEndpoint } from './endpoints.js'
import { ConfigError, messageOf } from './errors.js'
import { exposedSetting } from './exposure.js'
import { SETTINGS, type Config, type Setting } from './settings.js'
import { expectedOf, shown } from './validate.js'

const flagOf = (env: string) => env.toLowerCase().replaceAll('_', '-')
const keyOf = (env: string) => env.toLowerCase()

export interface CommandLine {
  config: Config
  demo: boolean
  /** Path of a key pair to make, instead of running. */
  makeKey: string | null
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
    'make-key': { type: 'string' },
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
    let [source, value]: [string, unknown] = [setting.env, setting.fallback?.(env, Number(config.portOffset ?? 0))]
    if (flag !== undefined) [source, value] = [`--${flagOf(setting.env)}`, flag]
    else if (fromEnv !== undefined && fromEnv !== '') [source, value] = [setting.env, fromEnv]
    else if (fromFile !== undefined) [source, value] = [`${keyOf(setting.env)} in ${configFile}`, fromFile]
    const parsed = setting.schema.safeParse(setting.number && typeof value === 'string' ? toNumber(value) : value)
    if (!parsed.success) {
      throw new ConfigError(`${source}: expected ${expectedOf(setting.schema)}; got ${shown(value)}`)
    }
    config[key] = parsed.data
  }
  const makeKey = (flags['make-key'] as string | undefined) ?? null
  const runs = flags.help !== true && flags.version !== true && makeKey === null
  if (runs) refuseOpenPorts(config as Config, env)
  if (runs) refuseOpenFrames(config as Config)
  const print = flags.help ? helpText() : flags.version ? `framegate ${version}` : null
  return { config: config as Config, demo: flags.demo === true, makeKey, print }
}

/** @throws ConfigError if other machines can connect and need no token. */
function refuseOpenPorts(config: Config, env: NodeJS.ProcessEnv): void {
  if (config.authTokensFile !== undefined || config.insecureNoAuth) return
  const exposed = exposedSetting(config, env)
  if (exposed === null) return
  throw new ConfigError(
    `${exposed} lets other machines connect, so it needs tokens: set AUTH_TOKENS_FILE (see docs/security.md), or set INSECURE_NO_AUTH to 1 to let in everyone`,
  )
}

/** @throws ConfigError if other machines can subscribe and need no key. */
function refuseOpenFrames(config: Config): void {
  const { curveServerKey, curveClients } = config
  if ((curveServerKey === undefined) !== (curveClients === undefined))
    throw new ConfigError('CURVE_SERVER_KEY and CURVE_CLIENTS: expected both or neither')
  const open = config.zmqBind.find((endpoint) => !isLocalEndpoint(endpoint))
  if (open === undefined || curveServerKey !== undefined || config.insecureNoAuth) return
  throw new ConfigError(
    `ZMQ_BIND=${open} lets other machines subscribe, so it needs keys: set CURVE_SERVER_KEY and CURVE_CLIENTS (see docs/security.md), or set INSECURE_NO_AUTH to 1 to let in everyone`,
  )
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
    const fallback = setting.fallback?.({}, 0) ?? ''
    return `  --${flagOf(setting.env).padEnd(22)} ${setting.env.padEnd(22)} ${setting.help}${fallback === '' ? '' : ` (${fallback})`}`
  })
  return [
    'framegate: pulls and decodes each RTSP camera once, and gives every consumer its latest undamaged frame',
    '',
    'Each setting can be a flag, an environment variable or a line in a YAML file.',
    'A flag overrides the environment, the environment overrides the file:',
    ...lines,
    `  --${'config FILE'.padEnd(22)} ${'CONFIG_FILE'.padEnd(22)} YAML file of settings, such as http_port: 8090`,
    `  --${'make-key PATH'.padEnd(45)} make a key pair for ZeroMQ (PATH.key, PATH.key_secret) and exit`,
    `  --${'demo'.padEnd(45)} also start a simulated camera`,
    `  --${'help, --version'.padEnd(45)}`,
    'The managed MediaMTX also gets all MTX_* environment variables.',
  ].join('\n')
}
