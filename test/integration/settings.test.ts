// The effect of settings, and the exit status without a working addon.

import { spawnSync } from 'node:child_process'
import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { MAIN, NO_MEDIAMTX, ROOT, temporaryFolder } from '../helpers/paths.js'
import { NO_IPV6 } from '../helpers/ports.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

t.test('jpeg_quality, rtsp_transport and camera_time are those of the first start', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const camera = { name: 'a', rtsp: 'rtsp://127.0.0.1:9/x' }
  const first = { jpeg_quality: 41, rtsp_transport: 'udp', camera_time: true }
  t.match((await gateway.post('/cameras/start', { ...camera, ...first })).body, first)
  const other = { jpeg_quality: 90, rtsp_transport: 'tcp', camera_time: false }
  const second = await gateway.post('/cameras/start', { ...camera, ...other })
  t.equal(second.status, 200)
  t.match(second.body, first)
  t.match(await gateway.camera('a'), { ...first, transport: 'udp' })
})

t.test(
  'fps is 0 in the first second, then the rate of the camera; age_ms is the age of its newest frame',
  async (t) => {
    const camera = await TestCamera.start({ fps: 10 })
    t.teardown(() => camera.stop())
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
    t.teardown(() => gateway.stop())
    t.match((await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })).body, { fps: 0, age_ms: null })
    let lastWithoutMs = performance.now()
    const begun = await until('the first frame', async () => {
      const askedAtMs = performance.now()
      const status = await gateway.camera('a')
      if (status.age_ms !== null) return status
      lastWithoutMs = askedAtMs
      return null
    })
    // A machine that was busy for a second has missed the first one.
    if (performance.now() - lastWithoutMs < 900) t.equal(begun.fps, 0)
    await until('a rate', async () => (await gateway.camera('a')).fps > 0)
    t.ok(performance.now() - lastWithoutMs > 900, 'not within the first second')
    await until('the rate of the camera', async () => {
      const { fps } = await gateway.camera('a')
      if (fps < 7 || fps > 13) throw new Error(`${fps} frames a second`)
      return true
    })
    const ages: number[] = []
    await until('an age below the time between two frames', async () => {
      ages.push((await gateway.camera('a')).age_ms)
      return ages.length >= 20 && Math.min(...ages) < 100
    })
    t.ok(ages.every((age) => age >= 0))
  },
)

t.test("LOG_LEVEL=debug shows MediaMTX's log, info does not", { skip: NO_MEDIAMTX }, async (t) => {
  for (const level of ['info', 'debug']) {
    const gateway = await Gateway.start({
      stateFile: join(temporaryFolder(t), 'cameras.json'),
      mediamtx: 'managed',
      env: { LOG_LEVEL: level },
    })
    t.equal(await gateway.stop(), 0)
    t.match(gateway.log, / info {2}MediaMTX v?[\d.]+ is ready/)
    if (level === 'debug') t.match(gateway.log, / debug mediamtx: \[RTSP\] started with /)
    else t.notMatch(gateway.log, / debug |mediamtx: /)
  }
})

t.test('without the addon or a GStreamer element, the exit status is 3', async (t) => {
  const folder = temporaryFolder(t)
  const env = {
    PATH: process.env.PATH,
    MEDIAMTX: 'off',
    HTTP_PORT: '0',
    STATE_FILE: join(folder, 'cameras.json'),
    LOG_FORMAT: 'pretty',
  }
  const start = (main: string, more: object) =>
    spawnSync(process.execPath, [main], { env: { ...env, ...more }, encoding: 'utf8' })

  // A checkout without a native build.
  cpSync(join(ROOT, 'dist/src'), join(folder, 'dist/src'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const unbuilt = start(join(folder, 'dist/src/main.js'), {})
  t.equal(unbuilt.status, 3, unbuilt.stderr)
  t.match(unbuilt.stderr, /^framegate: .*addon.*npm rebuild framegate/, 'no checkout: there are no scripts')

  const plugins = { GST_PLUGIN_SYSTEM_PATH_1_0: folder, GST_REGISTRY_1_0: join(folder, 'registry.bin') }
  const bare = start(MAIN, plugins)
  t.equal(bare.status, 3, bare.stderr)
  t.match(bare.stderr, /rtspsrc/)
})

t.test('IPv6 alone: HTTP and frames at ::1, a camera at ::1', { skip: NO_IPV6 }, async (t) => {
  const camera = await TestCamera.start({ fps: 10, gop: 10, address: '::1' })
  t.teardown(() => camera.stop())
  const gateway = await Gateway.start({
    stateFile: join(temporaryFolder(t), 'cameras.json'),
    mediamtx: 'off',
    env: { HTTP_HOST: '::1', ZMQ_BIND: 'tcp://[::1]:*' },
  })
  t.teardown(() => gateway.stop())
  t.match(gateway.base, /^http:\/\/\[::1\]:\d+$/)
  const { body } = await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  t.equal(body.zmq_endpoint, gateway.zmq)
  t.match(gateway.zmq, /^tcp:\/\/\[::1\]:\d+$/)
  const reader = new WireReader(body.zmq_endpoint, 'a')
  t.teardown(() => reader.close())
  await until('frames', () => reader.frames.length >= 5)
})

t.test('INSECURE_NO_AUTH is logged at each start', async (t) => {
  const stateFile = join(temporaryFolder(t), 'cameras.json')
  for (const value of ['1', '1', '0']) {
    const gateway = await Gateway.start({ stateFile, mediamtx: 'off', env: { INSECURE_NO_AUTH: value } })
    await gateway.stop()
    t.equal(gateway.log.includes('warn  INSECURE_NO_AUTH is 1: everyone who reaches this gateway'), value === '1')
  }
})

t.test('HTTP_HOST=:: and ZMQ_BIND=tcp://*: both families, each with its own endpoint', { skip: NO_IPV6 }, async (t) => {
  const gateway = await Gateway.start({
    stateFile: join(temporaryFolder(t), 'cameras.json'),
    mediamtx: 'off',
    env: { HTTP_HOST: '::', INSECURE_NO_AUTH: '1', ZMQ_BIND: 'tcp://*:*' },
  })
  t.teardown(() => gateway.stop())
  const { port } = new URL(gateway.base)
  const zmqPort = gateway.zmq.slice(gateway.zmq.lastIndexOf(':') + 1)
  await gateway.post('/cameras/start', { name: 'a', rtsp: 'rtsp://127.0.0.1:9/x' })
  for (const host of ['127.0.0.1', '[::1]']) {
    const answer = await fetch(`http://${host}:${port}/cameras/a`)
    const { camera } = (await answer.json()) as { camera: { zmq_endpoint: string } }
    t.equal(camera.zmq_endpoint, `tcp://${host}:${zmqPort}`)
  }
})
