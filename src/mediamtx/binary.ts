// Finds MediaMTX's binary where set-up puts it, or where people have it.

import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { ConfigError, messageOf } from '../errors.js'

/** Older ones deadlock when configuration changes through file and API (#6101). */
export const LEAST_VERSION = '1.20.1'

export interface Binary {
  path: string
  version: string
}

/**
 * @param configured MEDIAMTX_BIN; undefined: the cache folder, then PATH.
 * @returns what was found, or why nothing was.
 * @throws ConfigError where MEDIAMTX_BIN itself is wrong.
 */
export async function findBinary(configured: string | undefined, env: NodeJS.ProcessEnv): Promise<Binary | string> {
  if (configured !== undefined) {
    const found = await tryBinary(configured)
    if (typeof found === 'string') {
      throw new ConfigError(`MEDIAMTX_BIN: expected MediaMTX ${LEAST_VERSION} or newer at ${configured}; ${found}`)
    }
    return found
  }
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const candidates = [
    join(cache, 'framegate', `mediamtx-v${LEAST_VERSION}`, 'mediamtx'),
    ...(env.PATH ?? '')
      .split(delimiter)
      .filter(Boolean)
      .map((folder) => join(folder, 'mediamtx')),
  ]
  let why = 'no MediaMTX binary was found'
  for (const path of candidates) {
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (!there) continue
    const found = await tryBinary(path)
    if (typeof found !== 'string') return found
    why = `${path}: ${found}`
  }
  return why
}

async function tryBinary(path: string): Promise<Binary | string> {
  let output: string
  try {
    output = (await promisify(execFile)(path, ['--version'], { timeout: 10000 })).stdout.trim()
  } catch (error) {
    return `it does not run (${messageOf(error).split('\n')[0]})`
  }
  const version = /v?(\d+\.\d+\.\d+)/.exec(output)?.[1]
  if (!version) return `its version "${output.slice(0, 40)}" is not known`
  if (isOlder(version, LEAST_VERSION)) return `it is ${version}, older than ${LEAST_VERSION}`
  return { path, version }
}

/** Both as 1.20.1. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number)) as [number[], number[]]
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i]! < b[i]!
  return false
}
