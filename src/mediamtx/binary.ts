// Finds the mediamtx program, for the gateway, the setup and the tests.

import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { ConfigError, messageOf } from '../errors.js'

/**
 * The minimum version, and the one that the setup installs; its hashes are in scripts/setup/mediamtx-pins.json.
 * Older versions deadlock when configuration changes through file and API (#6101).
 */
export const LEAST_VERSION = '1.20.1'

export interface Binary {
  path: string
  version: string
}

/** ${XDG_CACHE_HOME:-~/.cache}/framegate */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'framegate')
}

/** Where the setup installs it. */
export function cachedBinary(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), `mediamtx-v${LEAST_VERSION}`, 'mediamtx')
}

/**
 * @param configured MEDIAMTX_BIN; undefined: PATH, then the cache folder.
 * @returns the binary, or why there is none.
 * @throws ConfigError if MEDIAMTX_BIN is invalid.
 */
export async function findBinary(configured: string | undefined, env: NodeJS.ProcessEnv): Promise<Binary | string> {
  if (configured !== undefined) {
    const found = await tryBinary(configured)
    if (typeof found === 'string') {
      throw new ConfigError(`MEDIAMTX_BIN: expected MediaMTX ${LEAST_VERSION} or newer at ${configured}; ${found}`)
    }
    return found
  }
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, 'mediamtx'))
  let why = 'no mediamtx program on PATH or in the cache'
  for (const path of [...onPath, cachedBinary(env)]) {
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

/** @returns the binary, or why the gateway cannot use it. */
export async function tryBinary(path: string): Promise<Binary | string> {
  let output: string
  try {
    output = (await promisify(execFile)(path, ['--version'], { timeout: 10000 })).stdout.trim()
  } catch (error) {
    return `the program does not run (${messageOf(error).split('\n')[0]})`
  }
  const version = /(?<!\d)\d+\.\d+\.\d+/.exec(output)?.[0]
  if (!version) return `the program reports "${output.slice(0, 40)}", which is not a version`
  if (isOlder(version, LEAST_VERSION)) return `version ${version} is older than ${LEAST_VERSION}`
  return { path, version }
}

/** Both in the form 1.20.1. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number)) as [number[], number[]]
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i]! < b[i]!
  return false
}
