// promtool, Prometheus' own checker of rules and metrics.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../../src/mediamtx/binary.js'

/** Where the set-up puts it if it is not on PATH. */
export function cachedPromtool(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), 'promtool')
}

const cached = cachedPromtool(process.env)
const program = existsSync(cached) ? cached : 'promtool'

/** Runs it. @param input for its standard input. */
export function promtool(args: string[], input = ''): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8', timeout: 60000 })
  return { status, output: `${stdout}${stderr}` }
}

/** Why its tests are skipped; false if they run. */
export function noPromtool(): string | false {
  return promtool(['--version']).status === 0 ? false : 'promtool is not installed'
}
