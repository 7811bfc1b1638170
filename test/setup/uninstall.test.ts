// npm run uninstall, with a home folder of its own.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { ROOT, temporaryFolder } from '../helpers/paths.js'

const SCRIPT = join(ROOT, 'scripts/uninstall.mjs')

function envIn(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: home, TMPDIR: home, XDG_RUNTIME_DIR: home }
}

function uninstallIn(home: string) {
  return (...args: string[]) =>
    spawnSync(process.execPath, [SCRIPT, ...args], {
      env: envIn(home),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
}

t.test('the cache goes at once, the list of cameras only if that is confirmed', async (t) => {
  const home = temporaryFolder(t)
  const [cache, state] = [join(home, '.cache/framegate'), join(home, '.local/state/framegate')]
  for (const folder of [cache, state]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(cache, 'mediamtx'), '')
  writeFileSync(join(state, 'cameras.json'), 'rtsp://u:S3CRET@h/')
  writeFileSync(join(home, '.cache/other'), '')
  const uninstall = uninstallIn(home)
  t.equal(uninstall('--all').status, 2)
  t.match(uninstall('--help'), { status: 0, stdout: /^usage: npm run uninstall / })
  t.ok(existsSync(cache))
  const kept = uninstall()
  t.equal(kept.status, 0, kept.stderr)
  t.notOk(existsSync(cache))
  t.ok(existsSync(join(state, 'cameras.json')))
  t.match(kept.stdout, /Kept .*--yes[\s\S]*apt-get remove .*gstreamer1\.0-libav[\s\S]*pip uninstall framegate/)
  t.notMatch(kept.stdout, /S3CRET/)
  t.notMatch(kept.stdout, /util-linux|ca-certificates/, 'what most systems need')
  const lock = join(state, 'cameras.json.lock')
  writeFileSync(lock, `{"pid":${process.pid},"started":"1","boot":"","http":null}`)
  const refused = uninstall('--yes')
  t.equal(refused.status, 1)
  t.match(refused.stderr, `a gateway is running (process ${process.pid})`)
  t.ok(existsSync(join(state, 'cameras.json')))
  writeFileSync(lock, '{"pid":999999999}')
  const removed = uninstall('--yes')
  t.equal(removed.status, 0)
  t.notOk(existsSync(state))
  t.ok(existsSync(join(home, '.cache/other')))
  t.equal(uninstall('--yes').status, 0, 'a second time there is nothing to do')
})

t.test("the lane's folder goes if no socket is in it", async (t) => {
  const home = temporaryFolder(t)
  const folders = [join(home, 'framegate'), join(home, `framegate-${process.getuid!()}`)]
  for (const folder of folders) mkdirSync(folder)
  const socket = join(folders[1]!, 'lane-8090.sock')
  writeFileSync(socket, '')
  const { status, stdout, stderr } = uninstallIn(home)()
  t.equal(status, 0, stderr)
  t.strictSame(folders.map(existsSync), [false, true], stdout)
  t.ok(existsSync(socket))
  t.match(stdout, /Kept .*lane-8090\.sock/)
})

t.test('it removes everything, and quietly, if its output is not read to the end', async (t) => {
  const home = temporaryFolder(t)
  const state = join(home, '.local/state/framegate')
  mkdirSync(state, { recursive: true })
  writeFileSync(join(state, 'cameras.json'), '')
  const child = spawn(process.execPath, [SCRIPT, '--yes'], { env: envIn(home), stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy() // Long before the first line.
  const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, 'close')])
  t.strictSame([stderr, status], ['', 0])
  t.notOk(existsSync(state))
})
