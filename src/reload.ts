// SIGHUP: reads framegate.yaml again, and changes only what has changed in it.

import { closeSync, constants, openSync } from 'node:fs'
import type { App } from './app.js'
import type { Configuration } from './config.js'
import { messageOf } from './errors.js'
import { keyOf, SETTINGS, type Config } from './settings.js'
import type { Logger } from './types.js'

/** Defaults of cameras; every other setting takes effect at the next start. */
const AT_ONCE: (keyof Config)[] = ['pubFps', 'scaleWidth', 'jpegQuality']

export class Reload {
  #last: Promise<void> = Promise.resolve()

  /** @param read reads the configuration as at the start; throws if it has an error. */
  constructor(
    readonly app: Pick<App, 'useFile'>,
    readonly logger: Logger,
    private current: Configuration,
    readonly read: () => Configuration,
  ) {}

  /** Never rejects: a file with an error changes nothing. Calls are served one after the other. */
  run(): Promise<void> {
    this.#last = this.#last.then(() => this.#run())
    return this.#last
  }

  async #run(): Promise<void> {
    try {
      const next = this.read()
      const started = await this.app.useFile(next)
      this.logger.info(`${next.file ?? 'the settings'} reloaded; cameras started: ${started.join(', ') || 'none'}`)
      for (const key of needRestart(this.current.config, next.config))
        this.logger.warn(`${keyOf(SETTINGS[key].env)} has changed; restart the gateway to apply it`)
      // What needs a restart is reported until there is one.
      for (const key of AT_ONCE) {
        Object.assign(this.current.config, { [key]: next.config[key] })
        this.current.sources[key] = next.sources[key]
      }
    } catch (error) {
      for (const line of messageOf(error).split('\n')) this.logger.error(line)
      this.logger.error('nothing was changed, because of these errors')
    }
  }
}

function needRestart(now: Config, next: Config): (keyof Config)[] {
  const keys = Object.keys(SETTINGS) as (keyof Config)[]
  return keys.filter((key) => !AT_ONCE.includes(key) && JSON.stringify(now[key]) !== JSON.stringify(next[key]))
}

/** SIGHUP means two things: reload, and that the terminal in which the program was started is gone. */
export function onHangup(reload: () => void, end: () => void): void {
  const began = hasTerminal()
  process.on('SIGHUP', () => (began && !hasTerminal() ? end() : reload()))
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY))
    return true
  } catch {
    return false
  }
}
