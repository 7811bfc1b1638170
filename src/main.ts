// Process entry: settings, App, signals, exit status.

import { readFileSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { App } from './app.js'
import { readConfig, type CommandLine } from './config.js'
import { DEMO_PORT, startDemoCamera, type Demo } from './demo.js'
import { AddonLoadError, BindError, ConfigError, messageOf } from './errors.js'
import { createLogger, logWarnings } from './logger.js'
import { makeKey } from './publish/curve-keys.js'
import { redact } from './redact.js'
import { welcome } from './welcome.js'

const DEMO_NAME = 'demo'
// For the shutdown of all parts together. After that, the process exits in any case.
const END_LIMIT_MS = 10000

function exitStatusOf(error: unknown): number {
  if (error instanceof ConfigError) return 2
  if (error instanceof AddonLoadError) return 3
  if (error instanceof BindError) return 4
  return 1
}

/**
 * Starts the gateway; resolves once it runs. SIGINT and SIGTERM shut it down and end the process. A start that fails
 * sets the exit status.
 */
export async function main(argv: string[]): Promise<void> {
  const version = packageVersion()
  let line: CommandLine
  try {
    line = readConfig(argv, process.env, version)
  } catch (error) {
    process.stderr.write(`framegate: ${redact(messageOf(error))}\n`)
    process.exitCode = exitStatusOf(error)
    return
  }
  if (line.print !== null) {
    process.stdout.write(`${line.print}\n`)
    return
  }
  if (line.makeKey !== null) {
    try {
      process.stdout.write(`${makeKey(line.makeKey).join('\n')}\n`)
    } catch (error) {
      process.stderr.write(`framegate: ${messageOf(error)}\n`)
      process.exitCode = exitStatusOf(error)
    }
    return
  }
  const logger = createLogger(line.config.logLevel)
  logWarnings(logger)
  const app = new App(line.config, logger, version, process.env)
  let demo: Demo | null = null
  let demoCamera = DEMO_NAME

  let ending: Promise<void> | null = null
  const end = (why: string) => {
    ending ??= (async () => {
      logger.info(`shutting down (${why})`)
      const timer = setTimeout(() => {
        logger.error(`shutdown took longer than ${END_LIMIT_MS / 1000} s; exiting now`)
        process.exit(1)
      }, END_LIMIT_MS)
      await app.close()
      await demo?.stop()
      clearTimeout(timer)
    })()
    return ending
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      void end(signal).then(() => process.exit(process.exitCode ?? 0))
    })
  }
  try {
    await app.start()
    if (line.demo && ending === null) {
      demo = await startDemoCamera(DEMO_PORT + line.config.portOffset)
      // Another one if a program has started this address before.
      demoCamera = (await app.cameras.start({ name: DEMO_NAME, rtsp: demo.url }, { save: false })).camera.name
    }
    if (ending === null) {
      const tokens = line.config.authTokensFile !== undefined
      process.stdout.write(welcome({ ...app.addresses, tokens, demo: demo && { name: demoCamera, url: demo.url } }))
    }
  } catch (error) {
    if (ending !== null) return // By a signal, which also ends the process.
    process.exitCode = exitStatusOf(error)
    process.stderr.write(`framegate: ${redact(messageOf(error))}\n`)
    await end('the gateway could not start')
    process.exit()
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  void main(process.argv.slice(2))
}
