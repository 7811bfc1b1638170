// The log: lines of JSON (pino), or the same as text for people. Every text passes redact() before it becomes a line.

import { fstatSync } from 'node:fs'
import { pino } from 'pino'
import { messageOf } from '../errors.js'
import { printable, redact } from '../redact.js'
import type { LogFields, Logger } from '../types.js'
import { LogOutput, writeTo, type Write } from './output.js'
import { pretty } from './pretty.js'
import { Repeats, type LogLine } from './repeats.js'

export type LogLevel = LogLine['level']
export type LogFormat = 'json' | 'pretty'

const STDERR = 2
const LEVELS = { debug: 7, info: 6, warn: 4, error: 3 } // In the journal, as in syslog(3).
// What a camera, a client or GStreamer says may be long.
const MAX_LENGTH = 8000
// For a reader that is slow when the gateway exits.
const END_LIMIT_MS = 1000

export interface LoggerOptions {
  level: LogLevel
  format: LogFormat
  /** journald reads the level of each line from its beginning, as in sd-daemon(3). */
  forJournal?: boolean
  /** Default: standard error. */
  write?: Write
}

export interface EndingLogger extends Logger {
  /** Before the process exits: writes what has not been written. */
  end(): void
}

export function createLogger({ level, format, forJournal, write = writeTo(STDERR) }: LoggerOptions): EndingLogger {
  const output = new LogOutput(write, (lines) => log('warn')(`${lines} lines of this log were lost: nothing took them`))
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const shown = pino(options, {
    write: (line: string) => {
      const priority = forJournal ? `<${LEVELS[(JSON.parse(line) as LogLine).level]}>` : ''
      output.write(priority + (format === 'json' ? line : pretty(line)))
    },
  })
  const repeats = new Repeats(({ level: at, msg, ...fields }, repetition) =>
    shown[at]({ ...fields, ...(repetition && { repeated: repetition.times, within_s: repetition.seconds }) }, msg),
  )
  const log = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (shown.isLevelEnabled(at)) repeats.add({ level: at, ...safeFields(fields), msg: safe(message) })
  }
  return {
    ...{ debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    end: () => {
      repeats.flush()
      output.end(END_LIMIT_MS)
    },
  }
}

/** For standard error: text on a terminal, otherwise JSON, unless the setting says which. */
export function stderrLogger(level: LogLevel, setting: LogFormat | 'auto', env: NodeJS.ProcessEnv) {
  const { isTTY } = process.stderr // Node.js opens it here, which keeps a full pipe from blocking.
  const format = setting === 'auto' ? (isTTY ? 'pretty' : 'json') : setting
  return { format, logger: createLogger({ level, format, forJournal: isJournal(env, fstatSync(STDERR)) }) }
}

/** systemd names the journal's socket, also to programs that write elsewhere. */
export function isJournal({ JOURNAL_STREAM }: NodeJS.ProcessEnv, { dev, ino }: { dev: number; ino: number }): boolean {
  return JOURNAL_STREAM === `${dev}:${ino}`
}

function safe(text: string): string {
  const clean = printable(redact(text))
  return clean.length > MAX_LENGTH ? `${clean.slice(0, MAX_LENGTH)} (and ${clean.length - MAX_LENGTH} more)` : clean
}

const safeFields = (fields: LogFields = {}): LogFields =>
  Object.fromEntries(
    Object.entries(fields).map(([key, text]: [string, string | undefined]) => [key, text && safe(text)]),
  )

// The publisher sets options of a bound socket on purpose: they are for its next endpoint.
const EXPECTED = 'Socket option will not take effect until next'

/** Logs what Node.js would print in a form of its own, and writes the end of the log. */
export function logProcess(logger: EndingLogger): void {
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => {
    if (!message.startsWith(EXPECTED)) logger.warn(`${name}: ${message}`)
  })
  process.on('uncaughtException', (error) => {
    logger.error(`an unexpected error ends the gateway: ${error.stack ?? messageOf(error)}`)
    process.exit(1)
  })
  process.on('exit', () => logger.end())
}
