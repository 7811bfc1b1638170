// Process entry: settings, App, signals, exit status.

import { readFileSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { App } from './app.js'
import { checkCamera } from './check-camera.js'
import { readConfig, type CommandLine } from './config.js'
import { DEMO_PORT, startDemoCamera, type Demo } from './demo.js'
import { isLoopback } from './endpoints.js'
import { AddonLoadError, BindError, ConfigError, FramegateError, messageOf } from './errors.js'
import { logProcess, stderrLogger } from './log/logger.js'
import { loadNative } from './native.js'
import { makeKey } from './publish/curve-keys.js'
import { onHangup, Reload } from './reload.js'
import { redact } from './redact.js'
import { Supervisor } from './supervisor.js'
import type { Logger } from './types.js'
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

/** @param log null: as text, for people. */
function fail(error: unknown, log: Logger | null = null): void {
  process.exitCode = exitStatusOf(error)
  if (log) log.error(messageOf(error), error instanceof FramegateError ? { code: error.code } : {})
  else for (const line of redact(messageOf(error)).split('\n')) process.stderr.write(`framegate: ${line}\n`)
}

/**
 * Starts the gateway; resolves once it runs. SIGINT and SIGTERM shut it down and end the process. A start that fails
 * sets the exit status.
 */
export async function main(argv: string[]): Promise<void> {
  const version = packageVersion()
  // Takes the address, which may hold a password, out of the process list.
  if (argv[0] === 'check-camera') process.title = 'framegated check-camera'
  let line: CommandLine
  try {
    line = readConfig(argv, process.env, version)
  } catch (error) {
    fail(error)
    return
  }
  if (line.print !== null) {
    process.stdout.write(`${line.print}\n`)
    return
  }
  const write = (text: string) => void process.stdout.write(text)
  try {
    if (line.makeKey !== null) return write(`${makeKey(line.makeKey).join('\n')}\n`)
    if (line.command === 'check-camera') {
      if (!(await checkCamera(line, version, write))) process.exitCode = 1
      return
    }
  } catch (error) {
    fail(error)
    return
  }
  const { logger, format } = stderrLogger(line.config.logLevel, line.config.logFormat, process.env)
  logProcess(logger)
  const supervisor = new Supervisor(process.env)
  const app = new App(line, logger, version, process.env)
  let demo: Demo | null = null
  let demoCamera = DEMO_NAME

  let ending: Promise<void> | null = null
  const end = (why: string) => {
    ending ??= (async () => {
      logger.info(`shutting down (${why})`)
      supervisor.stopping()
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
  const reload = new Reload(app, logger, line, () => readConfig(argv, process.env, version))
  const hangUp = () => void end('SIGHUP').then(() => process.exit(process.exitCode ?? 0))
  onHangup(() => (line.file === null ? hangUp() : void reload.run()), hangUp)
  try {
    await app.start()
    if (line.demo && ending === null) {
      demo = await startDemoCamera(DEMO_PORT + line.config.portOffset)
      // Another one if a program has started this address before.
      demoCamera = (await app.cameras.start({ name: DEMO_NAME, rtsp: demo.url }, 'demo')).camera.name
    }
    if (ending === null) {
      const native = await loadNative()
      supervisor.ready(
        (socket, message) => native.notify(socket, message),
        () => app.cameras.list(),
      )
      const tokens = line.config.authTokensFile !== undefined
      const players = app.addresses.players(demoCamera)
      const shown = demo && { name: demoCamera, url: demo.url, ...players }
      const open = !isLoopback(line.config.httpHost)
      process.stdout.write(welcome({ ...app.addresses, tokens, open, demo: shown }))
    }
  } catch (error) {
    if (ending !== null) return // By a signal, which also ends the process.
    fail(error, format === 'json' ? logger : null)
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
