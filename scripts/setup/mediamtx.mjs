// Set-up step: MediaMTX: found, else downloaded, else built from its Go module, into the cache folder.
// Only after the step "TypeScript": the gateway's own finder says where MediaMTX is.

import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cachedBinary, cacheFolder, findBinary, LEAST_VERSION, tryBinary } from '../../dist/src/mediamtx/binary.js'
import { withLock } from './lock.mjs'
import { buildMediamtx, findGo, pins } from './mediamtx-build.mjs'
import { download, extractBinary } from './mediamtx-download.mjs'
import { removeAtEnd } from './run.mjs'
import { hashOf, readStamp, writeStamp } from './stamp.mjs'

const BASE_URL = 'https://github.com/bluenviron/mediamtx/releases/download'
// A machine that cannot get it would otherwise try for a minute at each start.
const TRY_AGAIN_MS = 3600 * 1000

/** Node's name of this machine's architecture as MediaMTX names its archives; null if there is none. */
export function archiveArch(arch = process.arch, armVersion = process.config.variables.arm_version) {
  if (arch === 'x64') return 'amd64'
  if (arch === 'arm64') return 'arm64'
  return arch === 'arm' && ['6', '7'].includes(String(armVersion)) ? `armv${armVersion}` : null
}

/** MEDIAMTX_BIN names that one and no other; the gateway checks it and says what is wrong with it. */
async function isThere(env) {
  return Boolean(env.MEDIAMTX_BIN) || typeof (await findBinary(undefined, env)) !== 'string'
}

/**
 * Downloads the release archive for this machine and puts its binary at its place in the cache, or leaves nothing.
 *
 * @param options.limits {connectMs, stallMs}
 * @param options.onProgress is given a text and a fraction, 0 to 1.
 * @returns the binary's path.
 * @throws {Error} why not.
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
    throw new Error(`no SHA-256 is known for ${arch ?? process.arch}, and without one nothing is downloaded`)
  const base = (env.FRAMEGATE_MEDIAMTX_BASE_URL ?? BASE_URL).replace(/\/+$/, '')
  const url = `${base}/v${LEAST_VERSION}/mediamtx_v${LEAST_VERSION}_linux_${arch}.tar.gz`
  return intoCache(env, async (folder) => {
    const file = join(folder, 'archive.tar.gz')
    await download({ url, file, sha256, env, limits, onProgress: (fraction) => onProgress('downloading', fraction) })
    return extractBinary(file, folder)
  })
}

/** @param make is given a folder in the cache, so that moving the binary out of it is atomic. */
async function intoCache(env, make) {
  const cache = cacheFolder(env)
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'tmp-'))
  const remove = removeAtEnd(folder)
  try {
    const binary = await make(folder)
    const found = await tryBinary(binary)
    if (found.version !== LEAST_VERSION)
      throw new Error(`expected version ${LEAST_VERSION}; ${found.version ? `it is ${found.version}` : found}`)
    const target = cachedBinary(env)
    mkdirSync(dirname(target), { recursive: true })
    renameSync(binary, target)
    return target
  } finally {
    remove()
  }
}

/**
 * Never fails: without MediaMTX the gateway runs with MEDIAMTX=off, and says so.
 *
 * @param options.archives, options.go, options.limits are for tests.
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
  // It is tried again at once if what it depends on has changed, a Go that was installed since for instance.
  const proxies = ['FRAMEGATE_MEDIAMTX_BASE_URL', 'https_proxy', 'HTTPS_PROXY'].map((name) => env[name])
  const circumstances = hashOf([], JSON.stringify([LEAST_VERSION, archives, go, proxies]))
  const failed = readStamp(note)
  const sinceFailure = Date.now() - failed.at
  if (!retry && failed.circumstances === circumstances && sinceFailure >= 0 && sinceFailure < TRY_AGAIN_MS) return

  const reasons = []
  try {
    step.update(`looking for version ${LEAST_VERSION}`)
    const onWait = (pid) => step.update(`waiting for process ${pid}, which gets it too`)
    const got = await withLock(join(cache, 'mediamtx.lock'), onWait, () =>
      get({ step, env, go, archives, limits, reasons }),
    )
    if (got) return rmSync(note, { force: true })
    writeStamp(note, { at: Date.now(), circumstances })
  } catch (error) {
    reasons.push(`the cache folder ${cache}: ${error.message}`)
  }
  step.note(
    `version ${LEAST_VERSION} could not be installed, so there will be no WebRTC and no HLS; all the rest works.\n` +
      `${reasons.map((reason) => `  ${reason}\n`).join('')}` +
      `  Any one of these fixes it: a network that reaches github.com; Go ${pins.go.least} or newer on PATH;\n` +
      `  a MediaMTX ${LEAST_VERSION} or newer on PATH, or its path in MEDIAMTX_BIN. The set-up tries again in an hour, or at npm run setup.`,
  )
}

/** @returns whether it is there now; else `reasons` say why not. */
async function get({ step, env, go, archives, limits, reasons }) {
  if (await isThere(env)) return true
  // Only the lock's owner makes such folders, so these were left behind.
  for (const name of readdirSync(cacheFolder(env)))
    if (name.startsWith('tmp-')) rmSync(join(cacheFolder(env), name), { recursive: true, force: true })
  const onProgress = (text, fraction) => step.update(text, fraction)
  try {
    await downloadMediamtx({ env, archives, limits, onProgress })
    step.done('downloaded')
    return true
  } catch (error) {
    reasons.push(`download: ${error.message}`)
    if (go.path !== null)
      step.note(`the download failed (${error.message}); building from source takes a minute or two.`)
  }
  try {
    if (go.path === null) throw new Error(go.reason)
    await intoCache(env, (folder) => buildMediamtx({ folder, go: go.path, env, onProgress }))
    step.done('built')
    return true
  } catch (error) {
    reasons.push(`build from source: ${error.message}`)
    return false
  }
}
