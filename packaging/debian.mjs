// Builds framegate_VERSION_ARCHITECTURE.deb: the gateway with its own Node.js and MediaMTX; GStreamer is Debian's.
//   npm run setup; npm run prebuild; npm run package:debian [-- --out FOLDER --version VERSION]
// --arch arm64 on x64 takes the addon in prebuilds/ and the MediaMTX in MEDIAMTX_BIN (packaging/cross-arm64.sh).

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findBinary } from '../dist/src/mediamtx/binary.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' }
const DEPENDS = [
  'ca-certificates',
  'gstreamer1.0-libav',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'libc6 (>= 2.35)',
  'libgstreamer-plugins-base1.0-0',
  'libgstreamer1.0-0',
  'libstdc++6',
  'libturbojpeg0 | libturbojpeg',
  'libyuv0',
  'passwd',
]

const json = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'))
const { values } = parseArgs({
  options: { arch: { type: 'string' }, out: { type: 'string' }, version: { type: 'string' } },
})
const version = values.version ?? json('package.json').version.replace('-', '~')
const arch = values.arch ?? process.arch
const foreign = arch !== process.arch
const architecture = ARCHITECTURES[arch]
if (!architecture) throw new Error(`--arch: expected x64 or arm64, not "${arch}"`)
const stage = mkdtempSync(join(tmpdir(), 'framegate-deb-'))
process.on('exit', () => rmSync(stage, { recursive: true, force: true }))
const app = join(stage, 'usr/lib/framegate')

/** Copies into the package. */
function put(from, to, mode) {
  const target = join(stage, to)
  mkdirSync(dirname(target), { recursive: true })
  cpSync(resolve(root, from), target, { recursive: true, dereference: true })
  if (mode) chmodSync(target, mode)
}

/** The addon that ships; the developer's build if there is no prebuild. */
function addon() {
  const folder = join(root, `prebuilds/linux-${arch}`)
  const [file] = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.node')) : []
  if (file) return join(folder, file)
  if (foreign) throw new Error(`${folder} has no addon: cross-build it with "npm run prebuild -- --arch ${arch}"`)
  process.stderr.write('There is no prebuilds/ (npm run prebuild): the package gets the addon of build/Release.\n')
  return join(root, 'build/Release/framegate.node')
}

/** Node.js from npm, checked against packaging/node.json. */
function nodeBinary() {
  const { version: node, integrity } = json('packaging/node.json')
  const args = ['pack', `node-linux-${arch}@${node}`, '--pack-destination', stage, '--silent']
  const archive = join(stage, execFileSync('npm', args, { encoding: 'utf8' }).trim())
  const hash = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (hash !== integrity[arch]) throw new Error(`node-linux-${arch}@${node}: unexpected hash ${hash}`)
  execFileSync('tar', ['-xzf', archive, '-C', stage, 'package/bin/node', 'package/LICENSE'])
  return { binary: join(stage, 'package/bin/node'), license: join(stage, 'package/LICENSE'), archive }
}

/** MediaMTX as the gateway finds it here. One for another architecture does not run here, so it is not tried. */
async function mediamtx() {
  const given = process.env.MEDIAMTX_BIN || undefined
  if (foreign && given === undefined)
    throw new Error(`MEDIAMTX_BIN: expected MediaMTX for ${arch} (packaging/mediamtx.mjs gets it)`)
  const found = foreign ? { path: given } : await findBinary(given, process.env)
  if (typeof found === 'string') throw new Error(`MediaMTX: ${found}; run "npm run setup"`)
  return found.path
}

/** The packages that the gateway uses at run time, as the lock file has them. */
function modules() {
  const { packages } = json('package-lock.json')
  const folders = Object.keys(packages).filter((path) => path.startsWith('node_modules/') && !packages[path].dev)
  for (const folder of folders.filter((path) => existsSync(join(root, path))))
    put(folder, `usr/lib/framegate/${folder}`)
  // Binaries for other systems.
  const zeromq = join(app, 'node_modules/zeromq/build')
  for (const system of ['darwin', 'win32']) rmSync(join(zeromq, system), { recursive: true, force: true })
  for (const other of readdirSync(join(zeromq, 'linux')).filter((name) => name !== arch))
    rmSync(join(zeromq, 'linux', other), { recursive: true, force: true })
}

for (const path of ['bin', 'dist/src', 'dist/page', 'package.json', 'mediamtx.yaml', 'packaging/framegate.schema.json'])
  put(path, `usr/lib/framegate/${path}`)
put(addon(), `usr/lib/framegate/prebuilds/linux-${arch}/framegate.node`)
modules()
const node = nodeBinary()
put(node.binary, 'usr/lib/framegate/libexec/node', 0o755)
put(await mediamtx(), 'usr/lib/framegate/libexec/mediamtx', 0o755)
put('packaging/debian/framegated', 'usr/bin/framegated', 0o755)
put('packaging/systemd/framegated.service', 'usr/lib/systemd/system/framegated.service')
// postinst copies it to /etc: a conffile that its owner has changed would stop an unattended upgrade.
put('packaging/framegate.yaml', 'usr/lib/framegate/packaging/framegate.yaml')
put('docs', 'usr/share/doc/framegate')
put('LICENSE', 'usr/share/doc/framegate/copyright')
put(node.license, 'usr/share/doc/framegate/copyright.node')
for (const left of [node.archive, join(stage, 'package')]) rmSync(left, { recursive: true })

const sizeOf = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 4096)
    : statSync(path).size
const { description } = json('package.json')
const control = [
  'Package: framegate',
  `Version: ${version}`,
  `Architecture: ${architecture}`,
  'Maintainer: The Framegate authors <framegate@localhost>',
  'Section: video',
  'Priority: optional',
  `Installed-Size: ${Math.ceil(sizeOf(stage) / 1024)}`,
  `Depends: ${DEPENDS.join(', ')}`,
  `Description: gateway for RTSP cameras`,
  ` ${description}.`,
]
mkdirSync(join(stage, 'DEBIAN'))
writeFileSync(join(stage, 'DEBIAN/control'), `${control.join('\n')}\n`)
for (const script of ['postinst', 'prerm', 'postrm']) put(`packaging/debian/${script}`, `DEBIAN/${script}`, 0o755)
// A checkout may have been made with a strict umask.
execFileSync('chmod', ['-R', 'u+rwX,go+rX,go-w', stage])

const out = join(resolve(values.out ?? join(root, 'dist')), `framegate_${version}_${architecture}.deb`)
mkdirSync(dirname(out), { recursive: true })
execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', stage, out], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
process.stdout.write(`${out} (${(statSync(out).size / 1e6).toFixed(1)} MB)\n`)
