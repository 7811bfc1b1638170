// framegate.yaml in a running gateway: its cameras, those of the API beside them, and SIGHUP.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { frameNumber } from '../helpers/frame-number.js'
import { Gateway } from '../helpers/gateway.js'
import { MAIN, temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

const LIMIT = { limitMs: 60000 }

t.test('SIGHUP touches only what changed: three cameras of four lose no frame', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'framegate.yaml')
  const stateFile = join(folder, 'cameras.json')
  const names = ['a', 'b', 'c', 'd']
  // Few frames per second: also a busy machine shows each in time.
  const options = { fps: 2, gop: 2, width: 320, height: 180 }
  const cameras = await Promise.all(names.map(() => TestCamera.start(options)))
  t.teardown(() => Promise.all(cameras.map((camera) => camera.stop())))
  const write = (qualityOfD: number | string) => {
    const lines = names.map((name, i) => `  ${name}: {rtsp: "${cameras[i]!.url}", scale_width: 0}`)
    lines[3] = lines[3]!.replace('}', `, jpeg_quality: ${qualityOfD}}`)
    writeFileSync(file, ['cameras:', ...lines, 'jpeg_quality: 60'].join('\n'))
  }
  write(70)
  const gateway = await Gateway.start({ stateFile, env: { FRAMEGATE_CONFIG: file } })
  t.teardown(() => gateway.stop())
  const readers = names.map((name) => new WireReader(gateway.zmq, name, { dropJpegs: false }))
  t.teardown(() => Promise.all(readers.map((reader) => reader.close())))
  await until('frames of all cameras', () => readers.every(({ frames }) => frames.length >= 3), LIMIT)
  t.match(await gateway.camera('a'), { owner: 'file', jpeg_quality: 60 })

  // A file with an error changes nothing.
  const before = (await gateway.get('/cameras')).body.cameras
  write('high')
  gateway.kill('SIGHUP')
  await until('the error in the log', () => gateway.log.includes('nothing was changed'), LIMIT)
  t.match(
    gateway.log,
    /error .*framegate\.yaml:5: cameras\.d\.jpeg_quality: expected a whole number from 1 to 100; got "high"/,
  )
  const same = (list: any[]) => list.map(({ name, started_at, jpeg_quality }) => ({ name, started_at, jpeg_quality }))
  t.strictSame(same((await gateway.get('/cameras')).body.cameras), same(before))

  write(71)
  const begins = readers.map(({ frames }) => frames.length - 1)
  gateway.kill('SIGHUP')
  await until('the change', async () => (await gateway.camera('d'))?.jpeg_quality === 71, LIMIT)
  await gateway.untilState('d', 'live', 60000)
  const counts = readers.map(({ frames }) => frames.length)
  await until('frames after the reload', () => readers.every(({ frames }, i) => frames.length >= counts[i]! + 3), LIMIT)
  for (const [i, { frames }] of readers.slice(0, 3).entries()) {
    const numbers = frames.slice(begins[i]).map(({ jpegBytes }) => frameNumber(jpegBytes)!)
    const camera = await gateway.camera(names[i]!)
    const missing = numbers.at(-1)! - numbers[0]! + 1 - numbers.length
    // A machine that hangs for a second makes frames late, which is not the reload's doing.
    t.ok(missing <= camera.frames_late + camera.frames_overwritten, `${names[i]}: ${numbers.join(' ')}`)
    t.equal(camera.started_at, before[i].started_at)
    t.equal(camera.reconnects, 0)
    t.equal(cameras[i]!.total, 1, 'one session')
  }
  await until('the second session of d', () => cameras[3]!.total === 2, LIMIT)
  t.equal(await gateway.stop(), 0)
})

t.test('cameras of the file belong to the file, those of the API are saved beside it', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'framegate.yaml')
  const stateFile = join(folder, 'cameras.json')
  const rtsp = (n: number) => `rtsp://u:S3CRET-word@127.0.0.1:9/${n}`
  writeFileSync(file, `cameras:\n  a: {rtsp: "${rtsp(1)}"}\n  b: {rtsp: "${rtsp(2)}"}\n`)
  const options = { stateFile, mediamtx: 'off' as const, args: ['--config', file] }
  const gateway = await Gateway.start(options)
  t.teardown(() => gateway.stop())
  await gateway.post('/cameras/start', { name: 'mine', rtsp: rtsp(3) })
  await gateway.post('/cameras/start', { name: 'other', rtsp: rtsp(4) })
  const owners = async (of: Gateway) =>
    Object.fromEntries((await of.get('/cameras')).body.cameras.map(({ name, owner }: any) => [name, owner]))
  t.strictSame(await owners(gateway), { a: 'file', b: 'file', mine: 'api', other: 'api' })
  const saved = () => JSON.parse(readFileSync(stateFile, 'utf8')).cameras.map(({ name }: any) => name)
  t.strictSame(saved(), ['mine', 'other'])

  const refused = {
    status: 409,
    body: { ok: false, code: 'ERR_OWNED_BY_FILE', error: /^name: camera "a" is in .*SIGHUP/ },
  }
  t.match(await gateway.post('/cameras/stop', { name: 'a' }), refused)
  for (const change of [
    { name: 'a', rtsp: rtsp(1), pub_fps: 3, replace: true },
    { name: 'a', rtsp: rtsp(5), replace: true },
    { name: 'x', rtsp: rtsp(1).replace('S3CRET-word', 'other'), replace: true },
  ])
    t.match(await gateway.post('/cameras/start', change), refused, JSON.stringify(change))
  t.match(await gateway.post('/cameras/start', { name: 'x', rtsp: rtsp(1), pub_fps: 3 }), {
    body: { name: 'a', zmq_topic: 'a@640w3fps', owner: 'file' },
  })

  // b leaves the file, c and the camera that a client called "other" come.
  writeFileSync(file, `cameras:\n  a: {rtsp: "${rtsp(1)}"}\n  c: {rtsp: "${rtsp(6)}"}\n  d: {rtsp: "${rtsp(4)}"}\n`)
  gateway.kill('SIGHUP')
  await until('the reload', () => gateway.log.includes('reloaded; cameras started: c, d'), LIMIT)
  t.strictSame(await owners(gateway), { a: 'file', mine: 'api', c: 'file', d: 'file' })
  t.match(gateway.log, /camera other: removed from the saved cameras, since framegate\.yaml has/)
  await until('the list to be saved', () => saved().join() === 'mine', LIMIT)

  await gateway.stop()
  const second = await Gateway.start({ stateFile, mediamtx: 'off', args: ['--config', file, '--http-port', '0'] })
  t.teardown(() => second.stop())
  t.strictSame(await owners(second), { a: 'file', c: 'file', d: 'file', mine: 'api' })
  t.notMatch(gateway.log + gateway.stdout + second.log, /S3CRET-word/)
})

t.test('framegated check prints the settings with status 0, or all errors with status 2', async (t) => {
  const file = join(temporaryFolder(t), 'framegate.yaml')
  const check = (text: string) => {
    writeFileSync(file, text)
    return spawnSync(process.execPath, [MAIN, 'check', '--config', file], { encoding: 'utf8' })
  }
  const good = check('http_port: 8123\ncameras:\n  a: {rtsp: "rtsp://u:S3CRET-word@h/1"}\n')
  t.equal(good.status, 0, good.stderr)
  t.match(good.stdout, /http_port: 8123 # line 1\n[^]*rtsp: "rtsp:\/\/\*\*\*@h\/1"\n/)
  const bad = check('http_port: x\ncameras:\n  a: {rtsp: "ftp://u:S3CRET-word@h/1"}\n')
  t.equal(bad.status, 2)
  t.match(
    bad.stderr,
    /framegate\.yaml:1: http_port: expected a port.*\n.*framegate\.yaml:3: cameras\.a\.rtsp: expected/,
  )
  t.notMatch(good.stdout + bad.stderr + bad.stdout, /S3CRET-word/)
})

t.test('framegated check-camera says what a camera sends, or why it does not, and shows no password', async (t) => {
  const camera = await TestCamera.start({ user: 'u', password: 'S3CRET/x', fps: 10, gop: 5 })
  t.teardown(() => camera.stop())
  const file = join(temporaryFolder(t), 'framegate.yaml')
  const address = (password: string) => camera.url.replace('://', `://u:${password}@`)
  writeFileSync(file, `cameras:\n  lobby: {rtsp: "${address('S3CRET/x')}"}\n`)
  const check = (name: string, input = '') =>
    spawnSync(process.execPath, [MAIN, 'check-camera', name, '--config', file], { encoding: 'utf8', input })
  const found = check('lobby')
  t.equal(found.status, 0, found.stderr)
  t.match(found.stdout, /^rtsp:\/\/\*\*\*@.*\nvideo +h264, 640x360, [\d.]+ fps, .*\naudio +no\ntransport +tcp\n/)
  const refused = check('-', `${address('S3CRET-other')}\n`)
  t.equal(refused.status, 1, refused.stderr)
  t.match(refused.stdout, /refused the user name or password .*\(ERR_SOURCE_UNAUTHORIZED\)\n/)
  const unknown = check('hall')
  t.equal(unknown.status, 2)
  t.match(unknown.stderr, /check-camera: no camera "hall" in .*framegate\.yaml\n$/)
  t.notMatch([found, refused, unknown].map(({ stdout, stderr }) => stdout + stderr).join(''), /S3CRET/)
})
