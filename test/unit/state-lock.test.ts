// One gateway for one state file.

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { StateLock } from '../../src/state-lock.js'
import { temporaryFolder } from '../helpers/paths.js'

const quiet = () => undefined
const logger = { info: quiet, warn: quiet, error: quiet, debug: quiet }

t.test('a second lock is refused with the address and the process of the first, until that releases it', async (t) => {
  const file = join(temporaryFolder(t), 'deep/cameras.json')
  const first = new StateLock(file, logger)
  await first.take()
  await first.setAddress('http://127.0.0.1:8090')
  const second = new StateLock(file, logger)
  const message = new RegExp(
    `is already running at http://127\\.0\\.0\\.1:8090 \\(process ${process.pid}\\), .*STATE_FILE`,
  )
  await t.rejects(second.take(), { code: 'ERR_CONFIG_INVALID', message })
  await second.release()
  t.ok(existsSync(`${file}.lock`), 'one that was refused leaves the lock alone')
  await first.release()
  await second.take()
  await second.release()
  t.notOk(existsSync(`${file}.lock`))
})

t.test('the lock of a process that has ended does not block', async (t) => {
  const file = join(temporaryFolder(t), 'cameras.json')
  const first = new StateLock(file, logger)
  await first.take()
  const held = JSON.parse(readFileSync(`${file}.lock`, 'utf8')) as Record<string, unknown>
  for (const stale of [{ pid: 999999999 }, { started: '1' }, { boot: 'another' }, { pid: 'x' }]) {
    writeFileSync(`${file}.lock`, JSON.stringify({ ...held, ...stale }))
    await new StateLock(file, logger).take()
    t.match(JSON.parse(readFileSync(`${file}.lock`, 'utf8')), { pid: process.pid }, JSON.stringify(stale))
  }
  for (const text of ['', '{', 'null']) {
    writeFileSync(`${file}.lock`, text)
    await new StateLock(file, logger).take()
  }
})

t.test('a folder that cannot be written has no lock, and the gateway starts', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  chmodSync(join(folder, 'file'), 0o400)
  const lock = new StateLock(join(folder, 'file', 'cameras.json'), logger)
  await lock.take()
  await lock.setAddress('http://127.0.0.1:1')
  await lock.release()
  t.pass('no error')
})
