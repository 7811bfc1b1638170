import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { StateFile } from '../../src/cameras/state-file.js'
import { StartMarks } from '../../src/cameras/start-marks.js'
import { cameraSettings, toJson } from '../../src/camera-settings.js'
import { StateLock } from '../../src/state-lock.js'
import { temporaryFolder } from '../helpers/paths.js'
import { pause, until } from '../helpers/wait.js'

const camera = (name: string) => cameraSettings.parse({ name, rtsp: `rtsp://u:secret@10.0.0.1/${name}` })

/** The files beside it. */
const withoutCopy = (path: string) =>
  readdirSync(join(path, '..'))
    .filter((name) => !name.includes('.copy'))
    .sort()

function make(t: { teardown(run: () => void): void }): { file: StateFile; path: string; logged: string[] } {
  const path = join(temporaryFolder(t), 'deep/er/cameras.json')
  const logged: string[] = []
  const log = (message: string) => void logged.push(message)
  return { path, logged, file: new StateFile(path, { info: log, warn: log, error: log, debug: log }) }
}

t.test('loads what was saved, from a file that only the owner can read', async (t) => {
  const { file, path, logged } = make(t)
  t.strictSame(await file.load(), [], 'no file yet')
  await file.save([camera('a'), camera('b')])
  t.strictSame(await file.load(), [camera('a'), camera('b')])
  t.equal(statSync(path).mode & 0o777, 0o600)
  chmodSync(path, 0o644)
  await file.save([camera('a')])
  t.equal(statSync(path).mode & 0o777, 0o600)
  const both = ['cameras.json', 'cameras.json.copy']
  t.strictSame(readdirSync(join(path, '..')).sort(), both, 'no temporary file is left')
  t.equal(statSync(`${path}.copy`).mode & 0o777, 0o600)
  t.strictSame(logged, [])
})

t.test('keeps which cameras have never been live; those of older files have been', async (t) => {
  const { file, path } = make(t)
  const saved = [{ ...camera('a'), neverLive: true as const }, camera('b')]
  await file.save(saved)
  t.strictSame(await file.load(), saved)
  t.match(JSON.parse(readFileSync(path, 'utf8')).cameras, [{ never_live: true }, { never_live: undefined }])
})

t.test('after calls during a write, the newest list is on disk', async (t) => {
  const { file } = make(t)
  await Promise.all(Array.from({ length: 50 }, (_, i) => file.save([camera(`c${i}`)])))
  t.strictSame(await file.load(), [camera('c49')])
})

t.test('keeps a copy of a damaged file and logs it', async (t) => {
  for (const content of ['', '\0\0\0', '{', '{\n  "vers', '{"version":2,"cameras":[]}', '{"version":1}']) {
    const { file, path, logged } = make(t)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, content)
    t.strictSame(await file.load(), [])
    const there = withoutCopy(path)
    t.match(there, ['cameras.json', /^cameras\.json\.damaged-\d+$/])
    t.equal(readFileSync(join(path, '..', there[1]!), 'utf8'), content)
    t.match(logged, [/copied it to/])
    t.strictSame(await file.load(), [])
    t.equal(logged.length, 1, 'once')
  }
})

t.test('a file that is torn at any byte loses no camera', async (t) => {
  const { file, path, logged } = make(t)
  const cameras = [camera('a'), { ...camera('b'), neverLive: true as const }]
  await file.save(cameras)
  const whole = readFileSync(path)
  const last = whole.length - 2 // Without the line end, nothing is lost.
  const places = [0, 1, ...Array.from({ length: 15 }, (_, i) => Math.floor((i * last) / 15)), last - 1, last]
  for (const at of places) {
    const zeros = Buffer.alloc(whole.length - at)
    for (const torn of [whole.subarray(0, at), Buffer.concat([whole.subarray(0, at), zeros])]) {
      writeFileSync(path, torn)
      t.strictSame(await file.load(), cameras, `byte ${at}`)
    }
    for (const name of readdirSync(join(path, '..'))) if (name.includes('damaged')) rmSync(join(path, '..', name))
  }
  writeFileSync(path, Buffer.concat([Buffer.alloc(100), whole.subarray(100)]))
  t.strictSame(await file.load(), cameras, 'the first sector is lost')
  t.match(logged[1], /2 cameras come from .*cameras\.json\.copy instead/)
})

t.test('what is not a state file is left alone, and named as the reason why the gateway does not start', async (t) => {
  for (const content of ['garbage', '[]', '{"name":"package"}', 'root:x:0:0::/root:/bin/sh\n']) {
    const { file, path } = make(t)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, content)
    await t.rejects(file.load(), { code: 'ERR_CONFIG_INVALID', message: /^STATE_FILE: expected/ })
    t.strictSame(readdirSync(join(path, '..')), ['cameras.json'])
    t.equal(readFileSync(path, 'utf8'), content)
  }
})

t.test('a folder, a pipe or a file in the place of a folder is left alone', async (t) => {
  const { file, path } = make(t)
  mkdirSync(path, { recursive: true })
  await t.rejects(file.load(), { message: /it is not a file/ })
  t.ok(statSync(path).isDirectory())
  rmdirSync(path)
  spawnSync('mkfifo', [path])
  await t.rejects(file.load(), { message: /it is not a file/ })
  rmSync(path)
  writeFileSync(path, '{'.padEnd(16 * 1024 * 1024 + 1))
  await t.rejects(file.load(), { message: /it has more than 16777216 bytes/ })
  const quiet = () => undefined
  const below = new StateFile(join(path, 'cameras.json'), { info: quiet, warn: quiet, error: quiet, debug: quiet })
  await t.rejects(below.load(), { message: /ENOTDIR/ })
})

t.test('a pipe in the place of the copy, or of what a start leaves behind, does not block the gateway', async (t) => {
  const { file, path } = make(t)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, '{"version": 1, "cameras": [')
  for (const suffix of ['copy', 'starts', 'lock']) spawnSync('mkfifo', [`${path}.${suffix}`])
  t.strictSame(await file.load(), [])
  const marks = new StartMarks(`${path}.starts`, 'boot')
  await marks.load()
  await marks.begin('a')
  await new StateLock(path, file.logger).take()
})

t.test('hostile content is damage: the good cameras are kept, and nothing else is believed', async (t) => {
  const good = JSON.stringify(toJson(camera('a')))
  const odd = ['null', '7', '[]', '{}', '"x"', '{"__proto__": {"name": "p"}}', good.replace('"a"', '"../x"')]
  const deep = `${'['.repeat(50000)}${']'.repeat(50000)}`
  for (const entry of [...odd, deep, good.replace('"a"', '{"toString": 1}'), good.replace('"a"', deep)]) {
    const { file, path } = make(t)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, `{"version": 1, "__proto__": {"cameras": []}, "cameras": [${entry}, ${good}]}`)
    t.strictSame(await file.load(), [camera('a')], entry.slice(0, 40))
  }
  for (const text of [
    '{"version":{"toString":1}}',
    '{"version":1,"cameras":{"length":9}}',
    `{"version":1,"cameras":${deep}}`,
  ]) {
    const { file, path } = make(t)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, text)
    t.strictSame(await file.load(), [], text.slice(0, 40))
  }
})

t.test('no link leads what is written beside the file to another one', async (t) => {
  const { file, path } = make(t)
  await file.save([camera('a')])
  const victim = join(path, '../victim')
  writeFileSync(victim, 'precious')
  for (const suffix of ['starts', 'lock']) symlinkSync(victim, `${path}.${suffix}`)
  await new StartMarks(`${path}.starts`, 'boot').begin('a')
  await new StateLock(path, file.logger).take()
  t.equal(readFileSync(victim, 'utf8'), 'precious')
})

t.test('one invalid camera does not lose the others', async (t) => {
  const { file, path, logged } = make(t)
  await file.save([camera('a'), camera('b')])
  const content = JSON.parse(readFileSync(path, 'utf8'))
  content.cameras[0].pub_fps = 'fast'
  writeFileSync(path, JSON.stringify(content))
  for (let restart = 0; restart < 3; restart++) t.strictSame(await file.load(), [camera('b')])
  t.match(logged, [/1 of 2 cameras/])
  const aside = readdirSync(join(path, '..')).find((name) => name.includes('damaged'))!
  t.match(JSON.parse(readFileSync(join(path, '..', aside), 'utf8')).cameras, [{ name: 'a' }, { name: 'b' }])
  t.equal(statSync(join(path, '..', aside)).mode & 0o777, 0o600)
})

t.test('does not write through a link that another user has prepared', async (t) => {
  const { file, path } = make(t)
  await file.save([camera('a')])
  const victim = join(path, '../victim')
  writeFileSync(victim, 'precious')
  symlinkSync(victim, `${path}.${process.pid}.tmp`)
  await file.save([camera('b')])
  t.equal(readFileSync(victim, 'utf8'), 'precious')
  t.strictSame(await file.load(), [camera('b')])
})

t.test('cameras saved by an older version get the defaults of newer settings', async (t) => {
  const { file, path, logged } = make(t)
  await file.save([camera('a')])
  const content = JSON.parse(readFileSync(path, 'utf8'))
  delete content.cameras[0].camera_time
  delete content.cameras[0].rtsp_transport
  writeFileSync(path, JSON.stringify(content))
  t.strictSame(await file.load(), [camera('a')])
  t.strictSame(logged, [])
})

t.test('removes the temporary files of gateways that were killed during a write', async (t) => {
  const { file, path } = make(t)
  await file.save([camera('a')])
  for (const pid of [999999999, process.pid, process.ppid]) writeFileSync(`${path}.${pid}.0a1b2c.tmp`, '{"vers')
  t.strictSame(await file.load(), [camera('a')])
  t.strictSame(withoutCopy(path), ['cameras.json', `cameras.json.${process.ppid}.0a1b2c.tmp`])
})

t.test('reports an unwritable file without throwing', async (t) => {
  const { path, logged } = make(t)
  mkdirSync(path, { recursive: true }) // A folder is in the way: not even root can write the file.
  const log = (message: string) => void logged.push(message)
  const file = new StateFile(path, { info: log, warn: log, error: log, debug: log })
  await file.save([camera('a')])
  t.match(logged, [/cannot be written/])
  t.match(file.problem, /cannot be written/)
  await file.save([camera('b')])
  t.equal(logged.length, 1, 'once')
  rmdirSync(path)
  await file.save([camera('c')])
  t.equal(file.problem, null)
  t.match(logged, [/cannot be written/, /is up to date again/])
})

t.test('the retry of a failed list does not overwrite a newer one', async (t) => {
  const { path } = make(t)
  mkdirSync(path, { recursive: true })
  const quiet = () => undefined
  const retryMs = 20
  const file = new StateFile(path, { info: quiet, warn: quiet, error: quiet, debug: quiet }, retryMs)
  await file.save([camera('older')])
  t.match(file.problem, /cannot be written/)
  rmdirSync(path)
  await file.save([camera('newer')])
  t.equal(file.problem, null)
  await new Promise((resolve) => setTimeout(resolve, 5 * retryMs))
  t.strictSame(await file.load(), [camera('newer')])
})

t.test('a failed list is not written after a newer one that succeeded', async (t) => {
  const { path } = make(t)
  mkdirSync(path, { recursive: true })
  const quiet = () => undefined
  // Writable again just after the first write has failed.
  const file = new StateFile(path, { info: quiet, warn: quiet, error: () => rmdirSync(path), debug: quiet }, 20)
  await Promise.all([
    file.save([camera('older')]),
    new Promise<void>((resolve) => setImmediate(resolve)).then(() => file.save([camera('newer')])),
  ])
  t.equal(file.problem, null)
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.strictSame(await file.load(), [camera('newer')])
})

t.test('a failed list is retried, but not after a newer one was written', async (t) => {
  const { path } = make(t)
  const quiet = () => undefined
  const retryMs = 50
  const file = new StateFile(path, { info: quiet, warn: quiet, error: quiet, debug: quiet }, retryMs)
  const failToSave = async (name: string) => {
    mkdirSync(path, { recursive: true })
    await file.save([camera(name)])
    t.match(file.problem, /cannot be written/)
    rmdirSync(path)
  }
  await failToSave('first')
  await until('the list to be written', () => file.problem === null)
  t.strictSame(await file.load(), [camera('first')])
  rmSync(path)
  await failToSave('older')
  await file.save([camera('newer')])
  await pause(4 * retryMs)
  t.strictSame(await file.load(), [camera('newer')])
})
