// Where the gateway looks for MediaMTX, and in which order.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { cachedBinary, findBinary, isOlder } from '../../src/mediamtx/binary.js'
import { temporaryFolder } from '../helpers/paths.js'

/** A program that says it is this version of MediaMTX. */
function program(path: string, version: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\necho v${version}\n`, { mode: 0o755 })
  return path
}

t.test('MEDIAMTX_BIN comes first, then PATH, then the cache folder', async (t) => {
  const folder = temporaryFolder(t)
  const env = { HOME: folder, PATH: `${folder}/old:${folder}/new` }
  t.equal(await findBinary(undefined, env), 'no mediamtx program on PATH or in the cache')
  const cached = program(cachedBinary(env), '1.20.1')
  t.same(await findBinary(undefined, env), { path: cached, version: '1.20.1' })
  const old = program(join(folder, 'old/mediamtx'), '1.19.0')
  t.match(await findBinary(undefined, env), { path: cached }, 'an older one on PATH is skipped')
  const newer = program(join(folder, 'new/mediamtx'), '1.21.0')
  t.same(await findBinary(undefined, env), { path: newer, version: '1.21.0' })
  const named = program(join(folder, 'mine'), '1.20.2')
  t.same(await findBinary(named, env), { path: named, version: '1.20.2' })
  await t.rejects(findBinary(old, env), { message: /MEDIAMTX_BIN: expected MediaMTX 1\.20\.1 or newer.*1\.19\.0/ })
})

t.test('the cache folder is in XDG_CACHE_HOME, or in the home folder if that is not set', async (t) => {
  t.equal(cachedBinary({ HOME: '/home/x' }), '/home/x/.cache/framegate/mediamtx-v1.20.1/mediamtx')
  t.equal(cachedBinary({ HOME: '/home/x', XDG_CACHE_HOME: '/c' }), '/c/framegate/mediamtx-v1.20.1/mediamtx')
})

t.test('versions are compared by number', async (t) => {
  t.ok(isOlder('1.9.3', '1.20.1'))
  t.ok(isOlder('1.20.0', '1.20.1'))
  t.notOk(isOlder('1.20.1', '1.20.1'))
  t.notOk(isOlder('1.20.2', '1.20.1'))
  t.notOk(isOlder('2.0.0', '1.20.1'))
})
