// Set-up step: MediaMTX: found, else downloaded, else built from its Go module, into the cache folder.

import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { buildMediamtx, findGo } from './mediamtx-build.mjs'
import { download, extractBinary } from './mediamtx-download.mjs'
import { isOlder, pins } from './mediamtx-pins.mjs'
import { withLock } from './lock.mjs'
import { removeAtEnd, run } from './run.mjs'
import { hashOf, readStamp, writeStamp } from './stamp.mjs'

const BASE_URL = 'https://github.com/bluenviron/mediamtx/releases/download'
// A machine where it cannot be had would otherwise try for a minute at each start.
const TRY_AGAIN_MS = 3600 * 1000
const VERSION_LIMIT_MS = 10000

/** ${XDG_CACHE_HOME:-~/.cache}/framegate; src/mediamtx/binary.ts looks there. */
export function cacheFolder(env = process.env) {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'framegate')
}

/** Where the gateway finds the one that set-up got. */
export function cachedBinary(env = process.env, version = pins.version) {
  return join(cacheFolder(env), `mediamtx-v${version}`, 'mediamtx')
}

/** Node's name of this machine's architecture as MediaMTX names its archives; null where there is none. */
export function archiveArch(arch = process.arch, armVersion = process.config.variables.arm_version) {
  if (arch === 'x64') return 'amd64'
  if (arch === 'arm64') return 'arm64'
  return arch === 'arm' && ['6', '7'].includes(String(armVersion)) ? `armv${armVersion}` : null
}

/** "1.20.1"; null where this is no MediaMTX that runs here. */
export async function versionOf(path) {
  const { code, stdout } = await run(path, ['--version'], { limitMs: VERSION_LIMIT_MS })
  return code === 0 ? (/v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null) : null
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @returns the path of what is there already; null where nothing is. */
export async function findMediamtx(env = process.env, version = pins.version) {
  // Whoever sets it wants that one and no other; the gateway checks it and says what is wrong with it.
  if (env.MEDIAMTX_BIN) return env.MEDIAMTX_BIN
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'mediamtx')
    if (folder === '' || !isExecutable(path)) continue
    const found = await versionOf(path)
    if (found !== null && !isOlder(found, version)) return path
  }
  // It was checked when it came.
  const cached = cachedBinary(env, version)
  return isExecutable(cached) ? cached : null
}

/**
 * Downloads the release archive for this machine and puts its binary at its place in the cache, or leaves nothing.
 *
 * @param options.limits {connectMs, stallMs}
 * @returns the binary's path.
 * @throws {Error} why not.
 */
export async function downloadMediamtx({
  env = process.env,
  baseUrl,
  archives = pins.archives,
  version = pins.version,
  arch = archiveArch(),
  limits,
  onProgress,
}) {
  const pin = arch === null ? undefined : archives[arch]?.sha256
  if (pin === undefined)
    throw new Error(`no SHA-256 is known for ${arch ?? process.arch}, and without one nothing is downloaded`)
  const base = (baseUrl ?? env.FRAMEGATE_MEDIAMTX_BASE_URL ?? BASE_URL).replace(/\/+$/, '')
  const url = `${base}/v${version}/mediamtx_v${version}_linux_${arch}.tar.gz`
  return intoCache(env, version, async (folder) => {
    const archive = join(folder, 'archive.tar.gz')
    await download({ url, file: archive, sha256: pin, env, limits, onProgress })
    return extractBinary(archive, folder)
  })
}

/** @param make is given a folder in the cache, so that moving the binary out of it is atomic. */
async function intoCache(env, version, make) {
  const cache = cacheFolder(env)
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'tmp-'))
  const remove = removeAtEnd(folder)
  try {
    const binary = await make(folder)
    const found = await versionOf(binary)
    if (found !== version)
      throw new Error(
        `what came says that its version is ${found ?? 'unknown'}, not ${version}, or it does not run here`,
      )
    const target = cachedBinary(env, version)
    mkdirSync(join(target, '..'), { recursive: true })
    renameSync(binary, target)
    return target
  } finally {
    remove()
  }
}

/** Only the lock's owner makes such folders, so what is there was left behind. */
function removeOldFolders(cache) {
  for (const name of readdirSync(cache))
    if (name.startsWith('tmp-')) rmSync(join(cache, name), { recursive: true, force: true })
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
  if ((await findMediamtx(env)) !== null) return
  const note = join(cacheFolder(env), `mediamtx-v${pins.version}.failed.json`)
  const go = givenGo ?? (await findGo(env))
  // Tried again at once when what it depends on has changed, a Go that was installed since for instance.
  const circumstances = hashOf(
    [],
    JSON.stringify([pins, archives, go, env.FRAMEGATE_MEDIAMTX_BASE_URL, env.https_proxy, env.HTTPS_PROXY]),
  )
  const failed = readStamp(note)
  if (
    !retry &&
    failed.circumstances === circumstances &&
    Date.now() - failed.at < TRY_AGAIN_MS &&
    failed.at <= Date.now()
  )
    return

  const reasons = []
  try {
    step.update(`looking for version ${pins.version}`)
    if (await get({ step, env, go, archives, limits, reasons })) return rmSync(note, { force: true })
    writeStamp(note, { at: Date.now(), circumstances })
  } catch (error) {
    reasons.push(`the cache folder ${cacheFolder(env)}: ${error.message}`)
  }
  step.note(
    `version ${pins.version} could not be had, so there will be no WebRTC and no HLS; all the rest works.\n` +
      `${reasons.map((reason) => `  ${reason}\n`).join('')}` +
      `  Any one of these mends it: a network that reaches github.com; Go ${pins.go.least} or newer on PATH;\n` +
      `  a MediaMTX ${pins.version} or newer on PATH, or its path in MEDIAMTX_BIN. It is tried again in an hour, or by npm run setup.`,
  )
}

/** @returns whether it is there now; else `reasons` tell why not. */
function get({ step, env, go, archives, limits, reasons }) {
  const cache = cacheFolder(env)
  return withLock(
    join(cache, 'mediamtx.lock'),
    (pid) => step.update(`waiting for process ${pid}, which gets it too`),
    async () => {
      if ((await findMediamtx(env)) !== null) return true
      removeOldFolders(cache)
      try {
        await fromRelease({ step, env, archives, limits })
        step.done('downloaded')
        return true
      } catch (error) {
        reasons.push(`download: ${error.message}`)
        if (go.path !== null)
          step.note(`the download failed (${error.message}); it is built from source, which takes a minute or two.`)
      }
      try {
        await fromSource({ step, env, go })
        step.done('built')
        return true
      } catch (error) {
        reasons.push(`build from source: ${error.message}`)
        return false
      }
    },
  )
}

function fromRelease({ step, env, archives, limits }) {
  return downloadMediamtx({
    env,
    archives,
    limits,
    onProgress: (text, fraction) => step.update(`downloading ${text}`, fraction),
  })
}

async function fromSource({ step, env, go }) {
  if (go.path === null) throw new Error(go.reason)
  return intoCache(env, pins.version, (folder) =>
    buildMediamtx({ folder, go: go.path, env, onProgress: (text, fraction) => step.update(text, fraction) }),
  )
}
