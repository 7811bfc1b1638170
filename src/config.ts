// Reads the settings: a flag overrides the environment, the environment the file, the file the default.

import { existsSync } from 'node:fs'
import type { CameraSettings } from './camera-settings.js'
import { CameraHosts } from './cameras/camera-hosts.js'
import { flagOf, helpText, parseArguments, type Command } from './command-line.js'
import { isReferenced, readConfigFile, type ConfigFile, type Entry } from './config/config-file.js'
import { camerasOf } from './config/file-cameras.js'
import { configJsonSchema } from './config/json-schema.js'
import { configReport } from './config/report.js'
import { isLocalEndpoint } from './endpoints.js'
import { ConfigError } from './errors.js'
import { exposedSetting } from './exposure.js'
import { keyOf, SETTINGS, type Config, type Setting } from './settings.js'
import { expectedOf, shown } from './validate.js'

const DEFAULT_FILES = ['framegate.yaml', '/etc/framegate/framegate.yaml']

/** What framegate.yaml says, and what is not in it. */
export interface Configuration {
  config: Config
  /** Those of the file. */
  cameras: CameraSettings[]
  /** The file, absolute; null: there is none. */
  file: string | null
  /** Where each setting comes from: the flag, the variable, the line of the file, or "default". */
  sources: Record<keyof Config, string>
  /** Those that the file sets by a reference: the value may be a secret. */
  referenced: (keyof Config)[]
}

export interface CommandLine extends Configuration {
  command: Command
  /** What check-camera checks. */
  camera: string | null
  demo: boolean
  /** Path of a key pair to make, instead of running. */
  makeKey: string | null
  /** Text to print instead of running; null: run. */
  print: string | null
}

/**
 * @param argv without node and script.
 * @throws ConfigError, which names the setting, its value and what was expected; for a file also each line.
 */
export function readConfig(argv: string[], env: NodeJS.ProcessEnv, version: string): CommandLine {
  const { command, camera, flags } = parseArguments(argv)
  const path = pathOfFile(flags.config as string | undefined, env)
  const asked = flags.help || flags.version || command === 'schema'
  const file = path === undefined || asked ? null : readConfigFile(path, env)
  const { config, ...origin } = valuesOf(flags, env, file)
  const { pubFps, scaleWidth, jpegQuality, cameraHosts, maxCameras } = config
  const rules = { defaults: { pubFps, scaleWidth, jpegQuality }, hosts: new CameraHosts(cameraHosts), maxCameras }
  const cameras = file === null ? [] : camerasOf(file, rules)
  file?.problems.throwIfAny()

  const makeKey = (flags['make-key'] as string | undefined) ?? null
  const runs = !asked && makeKey === null && command !== 'check-camera'
  if (runs) refuseOpenPorts(config, env)
  if (runs) refuseOpenFrames(config)
  const result = { config, cameras, file: file?.path ?? null, ...origin }
  const print = flags.help ? helpText() : flags.version ? `framegate ${version}` : printed(command, result)
  return { ...result, command, camera, demo: flags.demo === true, makeKey, print }
}

function printed(command: Command, result: Configuration): string | null {
  if (command === 'schema') return JSON.stringify(configJsonSchema(), null, 2)
  return command === 'check' ? configReport(result) : null
}

function pathOfFile(flag: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  return flag ?? (env.FRAMEGATE_CONFIG || env.CONFIG_FILE || DEFAULT_FILES.find((path) => existsSync(path)))
}

function valuesOf(
  flags: Record<string, string | boolean | undefined>,
  env: NodeJS.ProcessEnv,
  file: ConfigFile | null,
): Pick<Configuration, 'config' | 'sources' | 'referenced'> {
  const config: Record<string, unknown> = {}
  const sources: Record<string, string> = {}
  const referenced: string[] = []
  for (const [key, setting] of Object.entries<Setting>(SETTINGS)) {
    const flag = flags[flagOf(setting.env)]
    const fromEnv = env[setting.env]
    const entry = file?.settings.get(keyOf(setting.env))
    const fromFile = file && entry ? checkedEntry(file, setting, entry) : undefined
    const parsed = (source: string, value: unknown) => {
      sources[key] = source
      const result = parse(setting, value)
      if (result.success) return result.data
      throw new ConfigError(`${source}: expected ${expectedOf(setting.schema)}; got ${shown(value)}`)
    }
    if (flag !== undefined) config[key] = parsed(`--${flagOf(setting.env)}`, flag)
    else if (fromEnv !== undefined && fromEnv !== '') config[key] = parsed(setting.env, fromEnv)
    else if (fromFile) {
      ;[config[key], sources[key]] = [fromFile.value, `line ${entry!.line}`]
      if (isReferenced(entry!)) referenced.push(key)
    } else config[key] = parsed('default', setting.fallback?.(env, Number(config.portOffset ?? 0)))
  }
  if (file) refuseUnknown(file)
  return { config: config as Config, sources, referenced: referenced as (keyof Config)[] }
}

const parse = (setting: Setting, value: unknown) =>
  setting.schema.safeParse(setting.number && typeof value === 'string' ? toNumber(value) : value)

/** Checks it also if a flag or a variable overrides it. @returns undefined, and adds a problem, if it is invalid. */
function checkedEntry(file: ConfigFile, setting: Setting, entry: Entry): { value: unknown } | undefined {
  if (entry.unresolved) return undefined
  const result = parse(setting, entry.value)
  if (result.success) return { value: result.data }
  const message = `${keyOf(setting.env)}: expected ${expectedOf(setting.schema)}; got ${shown(entry.written)}`
  file.problems.add(entry.line, message)
}

function refuseUnknown(file: ConfigFile): void {
  const known = Object.values(SETTINGS).map((setting) => keyOf(setting.env))
  for (const [key, { line }] of file.settings)
    if (!known.includes(key))
      file.problems.add(line, `unknown setting "${key}"; expected one of ${known.join(', ')}, cameras`)
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
