// `npm run prebuild`: builds the addon that ships, for this machine's architecture, into prebuilds/.
//   npm run prebuild -- --arch arm64 --sysroot FOLDER    cross-builds it with Debian's development files in FOLDER.

import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './setup/stamp.mjs'

const TRIPLETS = { arm64: 'aarch64-linux-gnu', x64: 'x86_64-linux-gnu' }

/** The folder with Node's headers; undefined if they are not installed. */
function nodeFolder() {
  const own = dirname(dirname(realpathSync(process.execPath)))
  return [own, '/usr', '/usr/local'].find((folder) => existsSync(join(folder, 'include/node/node_api.h')))
}

/** For another architecture: Debian's cross compiler, and only the libraries of the sysroot. */
function crossEnvironment(arch, sysroot) {
  const triplet = TRIPLETS[arch]
  const compiler = (name) => `${triplet}-${name} --sysroot=${sysroot}`
  const tools = { AR: `${triplet}-ar`, CC: compiler('gcc'), CXX: compiler('g++'), LINK: compiler('g++') }
  const folders = [`usr/lib/${triplet}/pkgconfig`, 'usr/lib/pkgconfig', 'usr/share/pkgconfig']
  const libraries = folders.map((folder) => join(sysroot, folder)).join(':')
  return {
    ...tools,
    PREBUILD_STRIP_BIN: `${triplet}-strip`,
    PKG_CONFIG_LIBDIR: libraries,
    PKG_CONFIG_SYSROOT_DIR: sysroot,
  }
}

const { values } = parseArgs({ options: { arch: { type: 'string' }, sysroot: { type: 'string' } } })
const arch = values.arch ?? process.arch
if (!(arch in TRIPLETS)) throw new Error(`--arch: expected one of ${Object.keys(TRIPLETS).join(', ')}, not "${arch}"`)
if (arch !== process.arch && values.sysroot === undefined)
  throw new Error(`--sysroot: expected the folder of a Debian for ${arch}, with the development files`)
const cross = values.sysroot === undefined ? {} : crossEnvironment(arch, resolve(values.sysroot))

// node-gyp always builds in build/, which belongs to CMake here, so it works in a copy.
const folder = mkdtempSync(join(tmpdir(), 'framegate-prebuild-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const name of ['package.json', 'binding.gyp', 'native'])
  cpSync(join(root, name), join(folder, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))

const nodedir = nodeFolder()
if (nodedir === undefined)
  process.stderr.write("prebuild: Node's headers are not installed, so node-gyp downloads them.\n")
const { status, error } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/prebuildify/bin.js'),
    '--napi',
    '--strip',
    '--arch',
    arch,
    '--target',
    process.versions.node,
    '--out',
    root,
  ],
  {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, ...cross, ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir }) },
  },
)
if (error) process.stderr.write(`prebuild: ${error.message}\n`)
process.exitCode = status ?? 1
