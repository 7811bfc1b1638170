// Which folders of sockets a start removes.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { socketFolder } from '../../src/mediamtx/socket-folder.js'
import { temporaryFolder } from '../helpers/paths.js'

t.test('a start removes the folders of gateways that were killed, and no other', async (t) => {
  const before = process.env.TMPDIR
  process.env.TMPDIR = temporaryFolder(t)
  t.teardown(() => (before === undefined ? delete process.env.TMPDIR : (process.env.TMPDIR = before)))
  const { pid: dead } = spawnSync('true')
  const make = (name: string) => {
    const folder = join(tmpdir(), name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'WEBRTC'), '')
    return folder
  }
  const killed = make(`framegate-mediamtx-${dead}-abc`)
  const kept = [
    make(`framegate-mediamtx-${process.pid}-abc`),
    make('framegate-mediamtx-'),
    make(`framegate-${dead}-abc`),
    make('other'),
  ]
  const served = join(tmpdir(), `framegate-mediamtx-${dead}-served`)
  mkdirSync(served)
  const server = createServer().listen(join(served, 'HLS'))
  await once(server, 'listening')
  t.teardown(() => server.close())

  const folder = await socketFolder()
  t.teardown(() => rmSync(folder, { recursive: true }))
  t.equal(statSync(folder).mode & 0o777, 0o700)
  t.notOk(existsSync(killed))
  for (const path of [...kept, served]) t.ok(existsSync(path), path)
})
