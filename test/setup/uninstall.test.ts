// npm run uninstall, with a home folder of its own.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT, temporaryFolder } from '../helpers/paths.js'

t.test('the cache goes at once, the list of cameras only if that is confirmed', async (t) => {
  const home = temporaryFolder(t)
  const [cache, state] = [join(home, '.cache/framegate'), join(home, '.local/state/framegate')]
  for (const folder of [cache, state]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(cache, 'mediamtx'), '')
  writeFileSync(join(state, 'cameras.json'), 'rtsp://u:S3CRET@h/')
  writeFileSync(join(home, '.cache/other'), '')
  const uninstall = (...args: string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'scripts/uninstall.mjs'), ...args], {
      env: { PATH: process.env.PATH, HOME: home },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  t.equal(uninstall('--all').status, 2)
  t.ok(existsSync(cache))
  const kept = uninstall()
  t.equal(kept.status, 0, kept.stderr)
  t.notOk(existsSync(cache))
  t.ok(existsSync(join(state, 'cameras.json')))
  t.match(kept.stdout, /Kept .*--yes[\s\S]*sudo apt-get remove .*gstreamer1\.0-libav[\s\S]*pip uninstall framegate/)
  t.notMatch(kept.stdout, /S3CRET/)
  const removed = uninstall('--yes')
  t.equal(removed.status, 0)
  t.notOk(existsSync(state))
  t.ok(existsSync(join(home, '.cache/other')))
  t.equal(uninstall('--yes').status, 0, 'a second time there is nothing to do')
})
