import { chmodSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { StateFile } from '../../src/cameras/state-file.js'
import { cameraSettings } from '../../src/camera-settings.js'
import { temporaryFolder } from '../helpers/paths.js'
import { pause, until } from '../helpers/wait.js'

const camera = (name: string) => cameraSettings.parse({ name, rtsp: `rtsp://u:secret@10.0.0.1/${name}` })

function make(t: { teardown(run: () => void): void }): { file: StateFile; path: string; told: string[] } {
  const path = join(temporaryFolder(t), 'deep/er/cameras.json')
  const told: string[] = []
  const tell = (message: string) => void told.push(message)
  return { path, told, file: new StateFile(path, { info: tell, warn: tell, error: tell, debug: tell }) }
}

t.test('what was saved is loaded, from a file for its owner alone', async (t) => {
  const { file, path, told } = make(t)
  t.strictSame(await file.load(), [], 'no file yet')
  await file.save([camera('a'), camera('b')])
  t.strictSame(await file.load(), [camera('a'), camera('b')])
  t.equal(statSync(path).mode & 0o777, 0o600)
  chmodSync(path, 0o644)
  await file.save([camera('a')])
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.strictSame(readdirSync(join(path, '..')), ['cameras.json'], 'no temporary file is left')
  t.strictSame(told, [])
})

t.test('calls that come while it writes end with the newest list on disk', async (t) => {
  const { file } = make(t)
  await Promise.all(Array.from({ length: 50 }, (_, i) => file.save([camera(`c${i}`)])))
  t.strictSame(await file.load(), [camera('c49')])
})

t.test('a damaged file is kept aside and told', async (t) => {
  for (const content of ['', '{', 'garbage', '[]', '{"version":2,"cameras":[]}', '{"version":1}']) {
    const { file, path, told } = make(t)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, content)
    t.strictSame(await file.load(), [])
    const aside = readdirSync(join(path, '..'))
    t.match(aside, [/^cameras\.json\.damaged-\d+$/])
    t.equal(readFileSync(join(path, '..', aside[0]!), 'utf8'), content)
    t.match(told, [/kept aside/])
  }
})

t.test('one bad camera does not lose the others', async (t) => {
  const { file, path, told } = make(t)
  await file.save([camera('a'), camera('b')])
  const content = JSON.parse(readFileSync(path, 'utf8'))
  content.cameras[0].pub_fps = 'fast'
  writeFileSync(path, JSON.stringify(content))
  t.strictSame(await file.load(), [camera('b')])
  t.match(told, [/1 of 2 cameras/])
})

t.test('a camera that an older version saved gets the defaults of newer settings', async (t) => {
  const { file, path, told } = make(t)
  await file.save([camera('a')])
  const content = JSON.parse(readFileSync(path, 'utf8'))
  delete content.cameras[0].camera_time
  delete content.cameras[0].rtsp_transport
  writeFileSync(path, JSON.stringify(content))
  t.strictSame(await file.load(), [camera('a')])
  t.strictSame(told, [])
})

t.test('a file that cannot be read is kept aside, not written over', async (t) => {
  const { file, path, told } = make(t)
  mkdirSync(path, { recursive: true }) // A folder: also root cannot read it.
  t.strictSame(await file.load(), [])
  t.match(told, [/cannot be read .*kept aside/])
  await file.save([camera('a')])
  t.strictSame(await file.load(), [camera('a')])
})

t.test('what a gateway left that was killed while it wrote is removed', async (t) => {
  const { file, path } = make(t)
  await file.save([camera('a')])
  writeFileSync(`${path}.999999999.tmp`, '{"vers')
  writeFileSync(`${path}.${process.ppid}.tmp`, '{"vers')
  t.strictSame(await file.load(), [camera('a')])
  t.strictSame(readdirSync(join(path, '..')).sort(), ['cameras.json', `cameras.json.${process.ppid}.tmp`])
})

t.test('a file that cannot be written is told and throws nothing', async (t) => {
  const { path, told } = make(t)
  mkdirSync(path, { recursive: true }) // A folder is in the way: also root cannot write there.
  const tell = (message: string) => void told.push(message)
  const file = new StateFile(path, { info: tell, warn: tell, error: tell, debug: tell })
  await file.save([camera('a')])
  t.match(told, [/cannot be written/])
  t.match(file.problem, /cannot be written/)
  await file.save([camera('b')])
  t.equal(told.length, 1, 'once')
  rmdirSync(path)
  await file.save([camera('c')])
  t.equal(file.problem, null)
  t.match(told, [/cannot be written/, /is written again/])
})

t.test('the retry of a list that failed does not undo a newer one that was written', async (t) => {
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

t.test('a list that could not be written does not come after a newer one that could', async (t) => {
  const { path } = make(t)
  mkdirSync(path, { recursive: true })
  const quiet = () => undefined
  // Well again just when the first one has failed.
  const file = new StateFile(path, { info: quiet, warn: quiet, error: () => rmdirSync(path), debug: quiet }, 20)
  await Promise.all([
    file.save([camera('older')]),
    new Promise<void>((resolve) => setImmediate(resolve)).then(() => file.save([camera('newer')])),
  ])
  t.equal(file.problem, null)
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.strictSame(await file.load(), [camera('newer')])
})

t.test('a list that could not be written is tried again, but not after a newer one was written', async (t) => {
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
