// A log line as text for people. Pure.

import type { LogLine } from './repeats.js'

/** What a line of JSON has. */
export interface JsonLine extends LogLine {
  /** ISO 8601, UTC. */
  time: string
  /** The line came so many times ... */
  repeated?: number
  /** ... in so many seconds. */
  within_s?: number
}

/** @param json one line. @returns one line; more lines of the message are indented, so that none looks like one of the log. */
export function pretty(json: string): string {
  const { time, level, camera, code, state, source, msg, repeated, within_s: seconds } = JSON.parse(json) as JsonLine
  const from = source ?? (camera === undefined ? undefined : `camera ${camera}`)
  const parts = [
    `${time} ${level.padEnd(5)} `,
    from === undefined ? '' : `${from}: `,
    msg.replaceAll('\n', '\n    '),
    code === undefined ? '' : ` (${code})`,
    state === undefined ? '' : `; ${state}`,
    repeated === undefined ? '' : ` (repeated ${repeated} time${repeated === 1 ? '' : 's'} in ${seconds} s)`,
  ]
  return `${parts.join('')}\n`
}
