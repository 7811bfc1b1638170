// `npm run prebuild`: builds the addon that ships, for this machine's architecture, into prebuilds/.

import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './setup/stamp.mjs'

/** The folder with Node's headers; undefined if they are not installed. */
function nodeFolder() {
  const own = dirname(dirname(realpathSync(process.execPath)))
  return [own, '/usr', '/usr/local'].find((folder) => existsSync(join(folder, 'include/node/node_api.h')))
}

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
    '--target',
    process.versions.node,
    '--out',
    root,
  ],
  {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir }) },
  },
)
if (error) process.stderr.write(`prebuild: ${error.message}\n`)
process.exitCode = status ?? 1
