// Overlapping starts and stops. A stand-in for the relay decides when a stop completes; no camera is pulled.

import { EventEmitter } from 'node:events'
import t from 'tap'
import { CameraRegistry } from '../../src/cameras/camera-registry.js'
import type { CameraDeps } from '../../src/cameras/camera.js'
import type { SourceError } from '../../src/errors.js'
import { FrameHub } from '../../src/frames/frame-hub.js'
import type { NativeAddon } from '../../src/native.js'

const quiet = () => undefined

interface Test {
  teardown(work: () => unknown): unknown
}

function make(test: Test) {
  let over = false
  /** Ends the wait of a camera that is being stopped, by name. */
  const removals = new Map<string, () => void>()
  const relay = Object.assign(new EventEmitter<{ 'path-error': [name: string, error: SourceError] }>(), {
    enabled: true,
    reportsPathErrors: true,
    addPath: (_name: string, _source: string, _options: object, signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    removePath: (name: string) => new Promise<void>((resolve) => (over ? resolve() : void removals.set(name, resolve))),
    readUrl: (name: string) => `rtsp://127.0.0.1:9/${name}`,
  })
  const deps: CameraDeps = {
    native: {} as NativeAddon,
    relay,
    frames: new FrameHub(),
    logger: { info: quiet, warn: quiet, error: quiet, debug: quiet },
    userAgent: 'test',
  }
  const store = { load: () => Promise.resolve([]), save: () => Promise.resolve() }
  const registry = new CameraRegistry(deps, store, { pubFps: 10 })
  test.teardown(async () => {
    over = true
    for (const resolve of removals.values()) resolve()
    await registry.close()
  })
  return { registry, removals }
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
  await registry.start({ name: 'a', rtsp: 'rtsp://h/1' })
  const stopped = registry.stop('a')
  t.ok(await pending(stopped))

  const { camera } = await registry.start({ name: 'b', rtsp: 'rtsp://h/2' })
  t.equal(camera.name, 'b')
  const sameName = registry.start({ name: 'a', rtsp: 'rtsp://h/3' })
  const sameAddress = registry.start({ name: 'c', rtsp: 'rtsp://u:p@H:554/1' })
  t.ok(await pending(sameName))
  t.ok(await pending(sameAddress))

  removals.get('a')!()
  t.equal((await sameName).camera.settings.rtsp, 'rtsp://h/3')
  t.equal((await sameAddress).camera.name, 'c')
  t.equal(await stopped, true)
})

t.test('two starts that wait for the same address create one camera', async (t) => {
  const { registry, removals } = make(t)
  await registry.start({ name: 'a', rtsp: 'rtsp://h/1' })
  const stopped = registry.stop('a')
  const starts = [
    registry.start({ name: 'x', rtsp: 'rtsp://h/1' }),
    registry.start({ name: 'y', rtsp: 'rtsp://h/1', pubFps: 5 }),
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
  await registry.start({ name: 'a', rtsp: 'rtsp://h/1' })
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
  const { camera } = await registry.start({ name: 'a', rtsp: 'rtsp://h/1', jpegQuality: 50 })
  t.match(camera.settings, { pubFps: 10, scaleWidth: 640, jpegQuality: 50, rtspTransport: 'automatic' })
})
