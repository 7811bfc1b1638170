// Gets MediaMTX for the Debian package of another architecture: the pinned release archive, or a build from source.
//   node packaging/mediamtx.mjs --arch arm64 --out FILE    (after npm run setup)

import { copyFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { LEAST_VERSION } from '../dist/src/mediamtx/binary.js'
import { buildMediamtx, findGo, installGo, pins } from '../scripts/setup/mediamtx-build.mjs'
import { download, extractBinary } from '../scripts/setup/mediamtx-download.mjs'
import { archiveArch, archiveUrl } from '../scripts/setup/mediamtx.mjs'

const { values } = parseArgs({ options: { arch: { type: 'string' }, out: { type: 'string' } } })
const goArch = archiveArch(values.arch)
if (!goArch || !values.out) throw new Error('expected --arch arm64 or --arch x64, and --out FILE')
const folder = mkdtempSync(join(tmpdir(), 'framegate-mediamtx-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

async function downloaded() {
  const file = join(folder, 'archive.tar.gz')
  await download({ url: archiveUrl(goArch), file, sha256: pins.archives[goArch].sha256 })
  return extractBinary(file, folder)
}

async function built(reason) {
  process.stderr.write(`The download failed (${reason}). Building MediaMTX ${LEAST_VERSION} from source.\n`)
  const env = { ...process.env, GOOS: 'linux', GOARCH: goArch }
  const onProgress = () => undefined
  const { path } = await findGo()
  const go = path ?? (await installGo({ folder, env: process.env, onProgress }))
  return buildMediamtx({ folder, go, env, onProgress })
}

const binary = await downloaded().catch((error) => built(error.message))
const out = resolve(values.out)
mkdirSync(dirname(out), { recursive: true })
copyFileSync(binary, out)
chmodSync(out, 0o755)
process.stdout.write(`${out}\n`)
