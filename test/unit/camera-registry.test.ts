// Overlapping starts and stops. A stand-in for the relay decides when a stop completes; no camera is pulled.

import { EventEmitter } from 'node:events'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cameraSettings } from '../../src/camera-settings.js'
import { CameraHosts } from '../../src/cameras/camera-hosts.js'
import { CameraRegistry } from '../../src/cameras/camera-registry.js'
import { StartMarks } from '../../src/cameras/start-marks.js'
import type { SavedCamera } from '../../src/cameras/state-file.js'
import { Starter } from '../../src/cameras/starter.js'
import type { CameraDeps } from '../../src/cameras/camera.js'
import type { SourceError } from '../../src/errors.js'
import { FrameHub } from '../../src/frames/frame-hub.js'
import type { NativeAddon } from '../../src/native.js'
import { temporaryFolder } from '../helpers/paths.js'
import { pause, until } from '../helpers/wait.js'

const quiet = () => undefined

/** The sessions never come as far as to read. */
class IdlePipeline {
  frontUrl = () => ''
  setRenditions = () => undefined
  close = () => Promise.resolve()
}

/** Keeps what is on disk just after each start was marked. */
class KeptMarks extends StartMarks {
  readonly kept = new Map<string, string>()

  override async begin(name: string): Promise<void> {
    await super.begin(name)
    this.kept.set(name, readFileSync(this.path, 'utf8'))
  }
}

interface Test {
  teardown(work: () => unknown): unknown
}

function make(
  test: Test,
  {
    maxCameras = 64,
    saved = [] as string[],
    marks = join(temporaryFolder(t), 'starts'),
    forgetAfterMs = 0,
    neverLive = false,
    /** Long: a test that looks for the mark of a start must find it on a busy machine too. */
    survivedMs = 60000,
  } = {},
) {
  /** Ends the wait of a camera that is being stopped, by name. */
  const removals = new Map<string, () => void>()
  const begun = new Set<string>()
  let over = false
  const relay = Object.assign(new EventEmitter<{ 'path-error': [name: string, error: SourceError] }>(), {
    enabled: true,
    managed: true,
    untilReady: () => Promise.resolve(),
    addPath: (name: string, _source: string, _options: object, signal: AbortSignal) => {
      begun.add(name)
      // An event is not sent again if the signal is aborted already.
      return new Promise<void>((resolve) =>
        signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve()),
      )
    },
    removePath: (name: string) =>
      over ? Promise.resolve() : new Promise<void>((resolve) => removals.set(name, resolve)),
    readUrl: (name: string) => `rtsp://127.0.0.1:9/${name}`,
  })
  const frames = new FrameHub()
  const log: string[] = []
  const deps: CameraDeps = {
    native: { headroom: () => null, Pipeline: IdlePipeline } as unknown as NativeAddon,
    lane: null,
    relay,
    hosts: new CameraHosts([]),
    frames,
    logger: {
      info: (line, about) => void log.push(`camera ${about?.camera}: ${line}`),
      warn: quiet,
      error: quiet,
      debug: quiet,
    },
    userAgent: 'test',
  }
  const list: SavedCamera[] = saved.map((name) => ({
    ...cameraSettings.parse({ name, rtsp: `rtsp://127.0.0.2/${name}` }),
    ...(neverLive ? { neverLive } : {}),
  }))
  const written: SavedCamera[][] = []
  const save = async (cameras: SavedCamera[]) => void written.push(cameras)
  const store = { load: () => Promise.resolve(list), save }
  const startMarks = new KeptMarks(marks, 'boot')
  const starter = new Starter(startMarks, survivedMs)
  const registry = new CameraRegistry(deps, store, { pubFps: 10 }, starter, maxCameras, forgetAfterMs)
  test.teardown(() => {
    over = true
    for (const removed of removals.values()) removed()
    return registry.close()
  })
  const names = () => written.at(-1)?.map(({ name }) => name) ?? []
  return { registry, removals, begun, frames, saved: names, written, log, marked: startMarks.kept }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
/** Whether a promise is still pending after all that can happen now has happened. */
async function pending(promise: Promise<unknown>): Promise<boolean> {
  let over = false
  void promise.finally(() => (over = true))
  for (let i = 0; i < 5; i++) await turn()
  return !over
}

t.test('a start waits only for a stopping camera that has its name or address', async (t) => {
  const { registry, removals } = make(t)
  await registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/1' })
  const stopped = registry.stop('a')
  t.ok(await pending(stopped))

  const { camera } = await registry.start({ name: 'b', rtsp: 'rtsp://127.0.0.2/2' })
  t.equal(camera.name, 'b')
  const sameName = registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/3' })
  const sameAddress = registry.start({ name: 'c', rtsp: 'rtsp://u:p@127.0.0.2:554/1' })
  t.ok(await pending(sameName))
  t.ok(await pending(sameAddress))

  removals.get('a')!()
  t.equal((await sameName).camera.settings.rtsp, 'rtsp://127.0.0.2/3')
  t.equal((await sameAddress).camera.name, 'c')
  t.equal(await stopped, true)
})

t.test('two starts that wait for the same address create one camera', async (t) => {
  const { registry, removals } = make(t)
  await registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/1' })
  const stopped = registry.stop('a')
  const starts = [
    registry.start({ name: 'x', rtsp: 'rtsp://127.0.0.2/1' }),
    registry.start({ name: 'y', rtsp: 'rtsp://127.0.0.2/1', pubFps: 5 }),
  ]
  t.ok(await pending(Promise.all(starts)))
  removals.get('a')!()
  const [x, y] = await Promise.all(starts)
  t.equal(x!.camera, y!.camera)
  t.equal(y!.topic, 'x@640w5fps')
  t.equal(registry.list().length, 1)
  await stopped
})

t.test('stopping a camera that is already stopping waits for the first stop', async (t) => {
  const { registry, removals } = make(t)
  await registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/1' })
  const first = registry.stop('a')
  const second = registry.stop('a')
  t.ok(await pending(second))
  t.equal(await registry.stop('b'), false)
  removals.get('a')!()
  t.equal(await first, true)
  t.equal(await second, false)
})

t.test("settings that a start leaves out default to the gateway's, then to the setting's own", async (t) => {
  const { registry } = make(t)
  const { camera } = await registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/1', jpegQuality: 50 })
  t.match(camera.settings, { pubFps: 10, scaleWidth: 640, jpegQuality: 50, rtspTransport: 'automatic' })
})

t.test('a camera beyond the limit is refused until another one is stopped', async (t) => {
  const { registry, removals } = make(t, { maxCameras: 2 })
  await registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/a' })
  await registry.start({ name: 'b', rtsp: 'rtsp://127.0.0.2/b' })
  await t.rejects(registry.start({ name: 'c', rtsp: 'rtsp://127.0.0.2/c' }), { code: 'ERR_TOO_MANY_CAMERAS' })
  t.equal(
    (await registry.start({ name: 'again', rtsp: 'rtsp://127.0.0.2/a', pubFps: 5 })).camera.name,
    'a',
    'joins one',
  )
  const stopped = registry.stop('a')
  await until('its path to be removed', () => removals.get('a'))
  removals.get('a')!()
  await stopped
  t.equal((await registry.start({ name: 'c', rtsp: 'rtsp://127.0.0.2/c' })).camera.name, 'c')
})

t.test('saved cameras beyond the limit are listed, and can be started once there is room', async (t) => {
  const { registry, removals } = make(t, { maxCameras: 2, saved: ['a', 'b', 'c'] })
  t.equal(await registry.restore(), 3)
  registry.startAll()
  t.match(registry.get('c'), { state: 'stopped', lastError: { code: 'ERR_SET_ASIDE' } })
  const start = (retry: boolean) => registry.start({ name: 'c', rtsp: 'rtsp://127.0.0.2/c', retry })
  await t.rejects(start(true), { code: 'ERR_TOO_MANY_CAMERAS' })
  await pause(100) // Until the others have started.
  const stopped = registry.stop('a')
  await until('its path to be removed', () => removals.get('a'))
  removals.get('a')!()
  await stopped
  t.equal((await start(false)).camera.state, 'stopped', 'a reader that asks for it does not start it')
  t.equal((await start(true)).camera.state, 'connecting')
})

t.test('saved cameras start in steps', async (t) => {
  const saved = Array.from({ length: 12 }, (_, i) => `c${i}`)
  const { registry } = make(t, { saved })
  const begunAtMs = performance.now()
  const starts: number[] = []
  registry.deps.relay.setMaxListeners(0)
  const addPath = registry.deps.relay.addPath.bind(registry.deps.relay)
  registry.deps.relay.addPath = (...path) => {
    starts.push(performance.now() - begunAtMs)
    return addPath(...path)
  }
  await registry.restore()
  registry.startAll()
  t.equal(registry.list().length, 12, 'all are listed at once')
  await until('all to start', () => starts.length === 12)
  t.ok(starts[11]! > 8 * 50, `${starts[11]} ms`)
})

t.test('a camera whose start ended the process three times is set aside, the others run', async (t) => {
  const folder = temporaryFolder(t)
  let marks = join(folder, '0')
  for (let crash = 1; crash <= 3; crash++) {
    const { registry, marked } = make(t, { saved: ['a', 'bad', 'z'], marks, survivedMs: 300 })
    await registry.restore()
    registry.startAll()
    const left = await until('its start', () => marked.get('bad'))
    t.equal(registry.get('bad')!.lastError, null)
    // The process ends now; what this one writes later does not count.
    marks = join(folder, String(crash))
    writeFileSync(marks, left)
  }
  const { registry } = make(t, { saved: ['a', 'bad', 'z'], marks })
  await registry.restore()
  registry.startAll()
  await until('it to be set aside', () => registry.get('bad')!.state === 'stopped')
  t.match(registry.get('bad')!.lastError, { code: 'ERR_SET_ASIDE', message: /3 times/ })
  await pause(500)
  for (const name of ['a', 'z']) t.match(registry.get(name), { state: 'connecting', lastError: null })
  t.equal((await registry.start({ name: 'bad', rtsp: 'rtsp://127.0.0.2/bad', retry: true })).camera.state, 'connecting')
})

t.test('a shutdown, a start that was survived and a reboot of the machine are no crashes', async (t) => {
  const marks = join(temporaryFolder(t), 'starts')
  const saved = ['a']
  const crashes = async (boot = 'boot') => {
    copyFileSync(marks, `${marks}.copy`) // Loading writes too.
    const next = new StartMarks(`${marks}.copy`, boot)
    await next.load()
    return next.crashes('a')
  }
  const first = make(t, { saved, marks, survivedMs: 50 })
  await first.registry.restore()
  first.registry.startAll()
  // The file is there from the first start on.
  await until('it to be survived', async () => existsSync(marks) && (await crashes()) === 0)
  const { registry, removals } = make(t, { saved, marks })
  await registry.restore()
  registry.startAll()
  await until('its start', async () => (await crashes()) === 1)
  const closed = registry.close()
  await until('its path to be removed', () => removals.get('a'))
  removals.get('a')!()
  await closed
  t.equal(await crashes(), 0)
  writeFileSync(marks, JSON.stringify({ boot: 'boot', starting: ['a'], crashes: {} }))
  t.equal(await crashes('another'), 0, 'a power cut')
})

t.test('a replacement takes the place of its camera at once, and others wait for both its addresses', async (t) => {
  const { registry, removals, begun, saved, written, log } = make(t, { saved: ['a', 'b'] })
  await registry.restore()
  registry.startAll()
  await until('them to begin', () => begun.size === 2)
  const request = { name: 'a', rtsp: 'rtsp://127.0.0.2/new', replace: true, pubFps: 5 }
  const replaced = registry.start(request, 'api', 'curl at 10.0.0.9')
  await until('its path to be removed', () => removals.get('a'))
  t.strictSame(
    [...registry.list()].map(({ name }) => name),
    ['a', 'b'],
    'it stays in the list',
  )
  const waiting = [
    registry.start({ name: 'x', rtsp: 'rtsp://127.0.0.2/new' }),
    registry.start({ name: 'y', rtsp: 'rtsp://127.0.0.2/a' }),
    registry.stop('a'),
  ]
  for (const one of waiting) t.ok(await pending(one))
  removals.get('a')!()
  t.match(await replaced, { ignored: [], replaced: 'rtsp://127.0.0.2/a' })
  t.ok(log.includes('camera a: replaced by curl at 10.0.0.9, with another rtsp, pub_fps'), log.join('\n'))
  t.match((await replaced).camera.events(), [
    { kind: 'replaced', changed: ['rtsp', 'pub_fps'], by: 'curl at 10.0.0.9' },
    { kind: 'started', changed: [] },
  ])
  t.match((await replaced).camera.settings, { name: 'a', rtsp: 'rtsp://127.0.0.2/new', pubFps: 5, scaleWidth: 640 })
  t.match(
    written.find((list) => list[0]?.rtsp.endsWith('new')),
    [{ name: 'a', neverLive: true }, { name: 'b' }],
  )
  t.match(await waiting[0], { camera: { name: 'a' }, ignored: ['name'], replaced: null }, 'joins the replacement')
  t.ok(
    log.includes('camera a: is already running, so name "x" of a start by the gateway had no effect'),
    log.join('\n'),
  )
  t.match(await waiting[1], { camera: { name: 'y' } })
  await until('the path of the replacement to be removed', () => !registry.get('a') && removals.get('a'))
  removals.get('a')!()
  t.equal(await waiting[2], true, 'a stop that comes later ends the replacement')
  t.strictSame(saved(), ['b', 'y'])
})

t.test('a camera that was live in an earlier run is not replaced without replace', async (t) => {
  const start = { name: 'a', rtsp: 'rtsp://127.0.0.2/other' }
  const { registry } = make(t, { saved: ['a'] })
  await registry.restore()
  registry.startAll()
  await t.rejects(registry.start(start), { code: 'ERR_NAME_IN_USE', message: /"replace": true/ })
  await t.rejects(registry.start({ ...start, rtsp: 'rtsp://u:p@127.0.0.2/a' }), { code: 'ERR_CREDENTIALS_DIFFER' })
  const { registry: fresh, removals, begun } = make(t, { saved: ['a'], neverLive: true })
  await fresh.restore()
  fresh.startAll()
  await until('it to begin', () => begun.has('a'))
  const replaced = fresh.start(start)
  await until('its path to be removed', () => removals.get('a'))
  removals.get('a')!()
  t.equal((await replaced).camera.settings.rtsp, start.rtsp)
})

t.test('a replacement that finds the gateway shutting down is an error, and close resolves', async (t) => {
  const { registry, removals } = make(t)
  await registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/1' })
  const replaced = registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/2' })
  await until('its path to be removed', () => removals.get('a'))
  const closed = registry.close()
  removals.get('a')!()
  await t.rejects(replaced, { code: 'ERR_CLOSED' })
  await closed
})

t.test('a camera with keep: false leaves after its last reader, and is not saved until it is live', async (t) => {
  const { registry, removals, frames, saved } = make(t, { forgetAfterMs: 2500 })
  t.teardown(() => removals.forEach((removed) => removed()))
  const start = (name: string, keep?: boolean) => registry.start({ name, rtsp: `rtsp://127.0.0.2/${name}`, keep })
  const end = frames.read('read', () => undefined)
  for (const name of ['ghost', 'read', 'lives', 'wanted']) await start(name, false)
  await start('kept')
  t.strictSame(saved(), ['kept'])
  frames.setSubscribers('ghost\0', 1)
  frames.setSubscribers('ghost\0', 0)
  registry.get('lives')!.everLive = true
  registry.get('lives')!.emit('state', 'live')
  t.match((await start('wanted')).camera, { name: 'wanted' }, 'a start without keep: false keeps it')
  await until('the ghost to leave', () => !registry.get('ghost'))
  await until('what stays to be saved', () => saved().join() === 'lives,wanted,kept')
  t.ok(registry.get('read'), 'it has a reader')
  end()
  await until('the other one to leave', () => !registry.get('read'))
  t.strictSame(saved(), ['lives', 'wanted', 'kept'])
})

t.test('a start again begins the time again; FORGET_AFTER=0 forgets none', async (t) => {
  const { registry } = make(t, { forgetAfterMs: 1000 })
  const again = () => registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/a', keep: false })
  await again()
  await pause(600)
  await again()
  const againAtMs = performance.now()
  await pause(600)
  const late = performance.now() - againAtMs >= 1000 // On a busy machine.
  t.ok(registry.get('a') ?? late)
  await until('it to leave', () => !registry.get('a'))
  const { registry: never } = make(t, { forgetAfterMs: 0 })
  await never.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/a', keep: false })
  await pause(100)
  t.ok(never.get('a'))
})

t.test('of a running camera, five passwords can be guessed in a minute, and then not even the right one', async (t) => {
  const { registry } = make(t, { saved: ['a'] })
  await registry.restore()
  registry.startAll()
  const start = (password: string) => registry.start({ name: 'a', rtsp: `rtsp://u:${password}@127.0.0.2/a` })
  for (let i = 0; i < 5; i++) await t.rejects(start(`wrong-${i}`), { code: 'ERR_CREDENTIALS_DIFFER' })
  await t.rejects(start('wrong-5'), { code: 'ERR_TOO_MANY_GUESSES' })
  await t.rejects(registry.start({ name: 'b', rtsp: 'rtsp://127.0.0.2/a' }), { code: 'ERR_TOO_MANY_GUESSES' })
})

t.test('a camera that is stopped before it has begun is stopped', async (t) => {
  const { registry, begun } = make(t)
  const started = registry.start({ name: 'a', rtsp: 'rtsp://127.0.0.2/1' })
  // It is in the list, and waits for the list to be saved.
  for (let i = 0; i < 20 && !registry.get('a'); i++) await Promise.resolve()
  const camera = registry.get('a')!
  const states: string[] = []
  camera.on('state', (state) => void states.push(state))
  await registry.stop('a')
  t.strictSame(states, ['stopped'])
  await started.catch(() => undefined)
  await pause(50)
  t.equal(camera.state, 'stopped')
  t.notOk(begun.has('a'))
})
