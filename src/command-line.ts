// The commands and flags of framegated.

import { parseArgs } from 'node:util'
import { ConfigError, messageOf } from './errors.js'
import { SETTINGS, type Setting } from './settings.js'

const COMMANDS = ['serve', 'check', 'check-camera', 'schema'] as const
export type Command = (typeof COMMANDS)[number]

export interface Arguments {
  command: Command
  /** What check-camera checks: an address, a camera's name, or `-` for an address from standard input. */
  camera: string | null
  /** By name, without the dashes. */
  flags: Record<string, string | boolean | undefined>
}

export const flagOf = (env: string) => env.toLowerCase().replaceAll('_', '-')

/**
 * @param argv without node and script.
 * @throws ConfigError for what is unknown.
 */
export function parseArguments(argv: string[]): Arguments {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    demo: { type: 'boolean' },
    'make-key': { type: 'string' },
    config: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  }
  for (const setting of Object.values(SETTINGS)) options[flagOf(setting.env)] = { type: 'string' }
  const { values, positionals } = parsed(argv, options)
  const [word = 'serve', camera = null, ...rest] = positionals
  const command = COMMANDS.find((known) => known === word)
  if (!command) throw new ConfigError(`unknown command "${word}"; expected ${COMMANDS.join(', ')}; see --help`)
  const unexpected = command === 'check-camera' ? rest[0] : positionals[1]
  if (unexpected !== undefined) throw new ConfigError(`${command}: unexpected argument "${unexpected}"; see --help`)
  if (command === 'check-camera' && camera === null && values.help !== true)
    throw new ConfigError(
      'check-camera: expected an address, the name of a camera in the file, or - for standard input',
    )
  return { command, camera, flags: values }
}

function parsed(argv: string[], options: Record<string, { type: 'string' | 'boolean'; short?: string }>) {
  try {
    return parseArgs({ args: argv, options, strict: true, allowPositionals: true })
  } catch (error) {
    throw new ConfigError(`${messageOf(error).split('. ')[0]}; see --help for all options`)
  }
}

export function helpText(): string {
  const lines = Object.values(SETTINGS).map((setting: Setting) => {
    const fallback = setting.fallback?.({}, 0) ?? ''
    return `  --${flagOf(setting.env).padEnd(22)} ${setting.env.padEnd(22)} ${setting.help}${fallback === '' ? '' : ` (${fallback})`}`
  })
  return [
    'framegate: pulls and decodes each RTSP camera once, and gives every consumer its latest undamaged frame',
    '',
    'framegated                      run the gateway',
    'framegated check                check framegate.yaml and all settings, and print them without secrets',
    'framegated schema               print the JSON Schema of framegate.yaml, for editors',
    'framegated check-camera CAMERA  connect to a camera, and print what it sends: an address, the name of a camera in',
    '                                framegate.yaml, or - for an address from standard input',
    '',
    'Each setting can be a flag, an environment variable or a line in a YAML file.',
    'A flag overrides the environment, the environment overrides the file:',
    ...lines,
    `  --${'config FILE'.padEnd(22)} ${'FRAMEGATE_CONFIG'.padEnd(22)} YAML file of settings and cameras (framegate.yaml here, or in /etc/framegate)`,
    `  --${'make-key PATH'.padEnd(45)} make a key pair for ZeroMQ (PATH.key, PATH.key_secret) and exit`,
    `  --${'demo'.padEnd(45)} also start a simulated camera`,
    `  --${'help, --version'.padEnd(45)}`,
    'The managed MediaMTX also gets all MTX_* environment variables.',
  ].join('\n')
}
