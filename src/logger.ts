// Writes log lines: time, level, message. Every line passes redact().

import type { Logger } from './types.js'
import { redact } from './redact.js'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LEVELS)[number]

export function createLogger(
  level: LogLevel,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Logger {
  const log = (at: LogLevel) => (message: string) => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return
    write(`${new Date().toISOString()} ${at.padEnd(5)} ${redact(message)}\n`)
  }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

// The publisher sets options of a bound socket on purpose: they are for its next endpoint.
const EXPECTED = 'Socket option will not take effect until next'

/** Makes log lines of Node's warnings, which Node would print in a form of its own. */
export function logWarnings(logger: Logger): void {
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => {
    if (!message.startsWith(EXPECTED)) logger.warn(`${name}: ${message}`)
  })
}
