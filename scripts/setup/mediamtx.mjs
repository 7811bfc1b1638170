// Setup step: MediaMTX. If the gateway would find none, downloads it into the cache folder, or else builds it from its
// Go module. It runs after the TypeScript step, because it uses the gateway's code that finds MediaMTX.

import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cachedBinary, cacheFolder, findBinary, LEAST_VERSION, tryBinary } from '../../dist/src/mediamtx/binary.js'
import { withLock } from './lock.mjs'
import { buildMediamtx, findGo, installGo, pins } from './mediamtx-build.mjs'
import { download, extractBinary } from './mediamtx-download.mjs'
import { removeAtEnd } from './run.mjs'
import { hashOf, readStamp, writeStamp } from './stamp.mjs'

const BASE_URL = 'https://github.com/bluenviron/mediamtx/releases/download'
// Without this, a machine that cannot install it would try for a minute at each start.
const RETRY_AFTER_MS = 3600 * 1000

/** This machine's architecture as MediaMTX's archives name it; null if there is no archive for it. */
export function archiveArch(arch = process.arch, armVersion = process.config.variables.arm_version) {
  if (arch === 'x64') return 'amd64'
  if (arch === 'arm64') return 'arm64'
  return arch === 'arm' && ['6', '7'].includes(String(armVersion)) ? `armv${armVersion}` : null
}

/** Where the release archive for `arch` is. */
export function archiveUrl(arch, env = process.env) {
  const base = (env.FRAMEGATE_MEDIAMTX_BASE_URL ?? BASE_URL).replace(/\/+$/, '')
  return `${base}/v${LEAST_VERSION}/mediamtx_v${LEAST_VERSION}_linux_${arch}.tar.gz`
}

/** With MEDIAMTX_BIN nothing is installed: the gateway checks that program and reports what is wrong with it. */
async function isThere(env) {
  return Boolean(env.MEDIAMTX_BIN) || typeof (await findBinary(undefined, env)) !== 'string'
}

/**
 * Downloads the release archive for this machine and installs its binary in the cache. A failure leaves nothing behind.
 *
 * @param options.limits {connectMs, stallMs}
 * @param options.onProgress receives a text and a fraction, 0 to 1.
 * @returns the binary's path.
 * @throws {Error} with the reason.
 */
export async function downloadMediamtx({
  env = process.env,
  archives = pins.archives,
  arch = archiveArch(),
  limits,
  onProgress = () => undefined,
}) {
  const sha256 = archives[arch]?.sha256
  if (sha256 === undefined)
    throw new Error(`there is no pinned SHA-256 for ${arch ?? process.arch}, so nothing was downloaded`)
  const url = archiveUrl(arch, env)
  return intoCache(env, async (folder) => {
    const file = join(folder, 'archive.tar.gz')
    await download({ url, file, sha256, env, limits, onProgress: (fraction) => onProgress('downloading', fraction) })
    return extractBinary(file, folder)
  })
}

/** @param make receives a folder in the cache, so that moving the binary out of it is atomic. */
async function intoCache(env, make) {
  const cache = cacheFolder(env)
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'tmp-'))
  const remove = removeAtEnd(folder)
  try {
    const binary = await make(folder)
    const found = await tryBinary(binary)
    if (found.version !== LEAST_VERSION)
      throw new Error(`expected version ${LEAST_VERSION}: ${found.version ? `it is ${found.version}` : found}`)
    const target = cachedBinary(env)
    mkdirSync(dirname(target), { recursive: true })
    renameSync(binary, target)
    return target
  } finally {
    await remove()
  }
}

/**
 * Never fails: without MediaMTX the gateway runs as with MEDIAMTX=off and reports that.
 *
 * @param options.archives options.archives, options.go and options.limits are for tests.
 */
export async function mediamtx({
  step,
  forTests,
  retry = false,
  env = process.env,
  archives = pins.archives,
  go: givenGo,
  limits,
}) {
  if (!forTests && ['off', 'external'].includes(env.MEDIAMTX ?? '')) return
  if (await isThere(env)) return
  const cache = cacheFolder(env)
  const note = join(cache, `mediamtx-v${LEAST_VERSION}.failed.json`)
  const go = givenGo ?? (await findGo(env))
  // Retry at once if something relevant has changed, for instance if Go has been installed since.
  const proxies = ['FRAMEGATE_MEDIAMTX_BASE_URL', 'https_proxy', 'HTTPS_PROXY'].map((name) => env[name])
  const circumstances = hashOf([], JSON.stringify([LEAST_VERSION, archives, go, proxies]))
  const failed = readStamp(note)
  const sinceFailure = Date.now() - failed.at
  if (!retry && failed.circumstances === circumstances && sinceFailure >= 0 && sinceFailure < RETRY_AFTER_MS) return

  const reasons = []
  try {
    step.update(`installing version ${LEAST_VERSION}`)
    const onWait = (pid) => step.update(`waiting for process ${pid}, which is installing it too`)
    const installed = await withLock(join(cache, 'mediamtx.lock'), onWait, () =>
      install({ step, env, go, archives, limits, reasons }),
    )
    if (installed) return rmSync(note, { force: true })
    writeStamp(note, { at: Date.now(), circumstances })
  } catch (error) {
    reasons.push(`the cache folder ${cache}: ${error.message}`)
  }
  step.note(
    `could not install version ${LEAST_VERSION}. WebRTC, HLS and RTSP are unavailable until it is; everything else works.\n` +
      `${reasons.map((reason) => `  ${reason}\n`).join('')}` +
      '  To fix this, do one of the following and run: npm run setup (npm start retries only after an hour)\n' +
      '  - allow this machine to reach https://github.com, or PyPI and the Go module proxy\n' +
      `  - install Go ${pins.go.least} or newer, to build MediaMTX from source\n` +
      `  - install MediaMTX ${LEAST_VERSION} or newer on PATH, or set MEDIAMTX_BIN to its path`,
  )
}

/** @returns whether MediaMTX is installed now; if not, adds why to `reasons`. */
async function install({ step, env, go, archives, limits, reasons }) {
  if (await isThere(env)) return true
  // Only the lock's owner creates such folders, so an interrupted setup left these behind.
  for (const name of readdirSync(cacheFolder(env)))
    if (name.startsWith('tmp-')) rmSync(join(cacheFolder(env), name), { recursive: true, force: true })
  const onProgress = (text, fraction) => step.update(text, fraction)
  try {
    await downloadMediamtx({ env, archives, limits, onProgress })
    step.done('downloaded')
    return true
  } catch (error) {
    reasons.push(`download: ${error.message}`)
    step.note(`the download failed (${error.message}). Building from source instead, which takes about three minutes.`)
  }
  try {
    await intoCache(env, async (folder) => {
      const path = go.path ?? (await installGo({ folder, env, lock: go.lock, onProgress }))
      return buildMediamtx({ folder, go: path, env, onProgress })
    })
    step.done('built')
    return true
  } catch (error) {
    reasons.push(`build from source: ${go.path === null ? `${go.reason}; ` : ''}${error.message}`)
    return false
  }
}
