// Hundreds of clients that never read, read one byte per second, vanish or send garbage; kill -9 at any moment; a
// gateway that is suspended for two seconds.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Subscriber } from 'zeromq'
import { Gateway } from '../helpers/gateway.js'
import { MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { usageOf } from '../helpers/processes.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

const SMALL = { width: 320, height: 180, fps: 25, gop: 25, 'bitrate-kbps': 300 }

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN

t.test('100 slow or hostile HTTP clients and 50 ZeroMQ subscribers do not delay a good consumer', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start({ ...SMALL, width: 640, height: 360, 'report-frames': true })
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url, pub_fps: 25 })
  await gateway.untilState('a', 'live')
  const good = new WireReader(gateway.zmq, 'a', { conflate: true })
  await until('frames', () => good.frames.length > 10)
  await pause(1000)

  const ages = async (count: number) => {
    const from = good.frames.length
    await until(`${count} frames`, () => good.frames.length >= from + count, { limitMs: 60000 })
    return good.frames.slice(from).map((frame) => frame.gotAtMs - frame.header.received_at_us / 1000)
  }
  const before = await ages(75)
  const memoryBefore = usageOf(gateway.pid).rssMb

  const { hostname, port } = new URL(gateway.base)
  const sockets: net.Socket[] = []
  const timers: NodeJS.Timeout[] = []
  const ask = (path: string) => {
    const socket = net.connect(Number(port), hostname)
    socket.on('error', () => undefined)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    sockets.push(socket)
    return socket
  }
  for (let i = 0; i < 34; i++) ask(i % 2 ? '/mjpeg?cam=a' : '/frames?cam=a').pause()
  for (let i = 0; i < 33; i++) {
    const socket = ask(i % 3 ? '/mjpeg?cam=a' : '/snapshot?cam=a')
    socket.pause()
    timers.push(setInterval(() => void socket.read(1), 1000))
  }
  timers.push(setInterval(() => ask('/mjpeg?cam=a').once('data', function (this: net.Socket) { this.destroy() }), 60)) // prettier-ignore
  const zmq = new URL(gateway.zmq.replace('tcp:', 'http:'))
  const stalled = Array.from({ length: 20 }, () => {
    const subscriber = new Subscriber({ linger: 0 })
    subscriber.connect(gateway.zmq)
    subscriber.subscribe('a\0')
    return subscriber
  })
  for (let i = 0; i < 20; i++) {
    const socket = net.connect(Number(zmq.port), zmq.hostname)
    socket.on('error', () => undefined)
    if (i % 2) socket.write(Buffer.from(Array.from({ length: 500 }, (_, k) => (k * 7 + i) % 256)))
    sockets.push(socket)
  }
  timers.push(
    setInterval(() => {
      const subscriber = new Subscriber({ linger: 0 })
      subscriber.connect(gateway.zmq)
      subscriber.subscribe('')
      setTimeout(() => subscriber.close(), 100)
    }, 100),
  )

  await pause(1500)
  const during = await ages(120)
  const memory = usageOf(gateway.pid).rssMb
  t.comment(
    `age before ${median(before).toFixed(1)} ms, during ${median(during).toFixed(1)} ms; memory ${memoryBefore.toFixed(0)} MB, ${memory.toFixed(0)} MB`,
  )
  // The limit is one frame. A slow machine, which the hostile clients keep busy too, gets more.
  t.ok(median(during) < median(before) + 250, `${median(before)} ms, then ${median(during)} ms`)
  t.ok(memory < memoryBefore + 150, `${memoryBefore} MB, then ${memory} MB`)

  for (const timer of timers) clearInterval(timer)
  for (const socket of sockets) socket.destroy()
  for (const subscriber of stalled) subscriber.close()
  await until('their connections to be gone', () => usageOf(gateway.pid).descriptors < 80, { limitMs: 30000 })
  t.equal((await gateway.get('/health')).status, 200)
  await good.close()
})

t.test('after kill -9 at any moment, each start restores all cameras, none twice', async (t) => {
  const stateFile = join(temporaryFolder(t), 'cameras.json')
  const cameras = await Promise.all(Array.from({ length: 4 }, () => TestCamera.start(SMALL)))
  t.teardown(() => Promise.all(cameras.map((camera) => camera.stop())))
  const names = cameras.map((_, i) => `cam-${i}`)
  const mediamtx = MEDIAMTX ? 'managed' : 'off'
  let gateway = await Gateway.start({ stateFile, mediamtx })
  for (const [i, camera] of cameras.entries())
    await gateway.post('/cameras/start', { name: names[i], rtsp: camera.url })
  const rounds = Number(process.env.FRAMEGATE_KILLS ?? 6)
  for (let round = 0; round < rounds; round++) {
    // While they start, while they run, or while one of them is stopped and started.
    if (round % 3 === 1) for (const name of names) await gateway.untilState(name, 'live', 60000)
    if (round % 3 === 2) {
      await gateway.post('/cameras/stop', { name: names[0] })
      void gateway.post('/cameras/start', { name: names[0], rtsp: cameras[0]!.url }).catch(() => undefined)
      await pause(30 * round)
    }
    gateway.kill('SIGKILL')
    await gateway.exited
    if (existsSync(stateFile))
      t.doesNotThrow(() => JSON.parse(readFileSync(stateFile, 'utf8')), 'the state file is whole')
    await until('no session to be left', () => cameras.every((camera) => camera.active === 0))
    gateway = await Gateway.start({ stateFile, mediamtx })
    await gateway.post('/cameras/start', { name: names[0], rtsp: cameras[0]!.url })
    const listed = (await gateway.get('/cameras')).body.cameras.map((camera: any) => camera.name).sort()
    t.same(listed, names, `round ${round + 1}`)
  }
  for (const name of names) await gateway.untilState(name, 'live', 60000)
  await until('one session for each', () => cameras.every((camera) => camera.active === 1))
  t.equal(await gateway.stop(), 0)
  await until('no session to be left', () => cameras.every((camera) => camera.active === 0))
})

t.test('after the event loop was blocked for two seconds, only the newest frame is published', async (t) => {
  const folder = temporaryFolder(t)
  const preload = join(folder, 'block.cjs')
  writeFileSync(
    preload,
    "process.on('SIGUSR2', () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000); console.error('blocked') })",
  )
  const gateway = await Gateway.start({
    stateFile: join(folder, 'cameras.json'),
    mediamtx: 'off',
    env: { NODE_OPTIONS: `--require ${preload}` },
  })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start(SMALL)
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url, pub_fps: 25 })
  await gateway.untilState('a', 'live')
  const reader = new WireReader(gateway.zmq, 'a')
  t.teardown(() => reader.close())
  await until('frames', () => reader.frames.length > 20)
  const asked = fetch(`${gateway.base}/snapshot?cam=a`)
  gateway.kill('SIGUSR2')
  await until('the loop to be free again', () => gateway.log.includes('blocked'))
  const count = reader.frames.length
  await until('frames again', () => reader.frames.length > count + 10)
  t.equal((await asked).status, 200)
  await (await asked).arrayBuffer()
  const ages = reader.frames.slice(5).map(({ header }) => (header.published_at_us - header.received_at_us) / 1000)
  const received = reader.frames.map(({ header }) => header.received_at_us / 1000)
  const longest = Math.max(...received.slice(1).map((at, i) => at - received[i]!))
  t.ok(longest > 1500, `frames of ${longest.toFixed(0)} ms were replaced by newer ones`)
  // Of the 50 frames that arrived meanwhile, only the newest is published.
  t.ok(
    ages.every((age) => age < 1000), // 250 ms, and the time to reach JavaScript.
    `the oldest had ${Math.max(...ages)} ms`,
  )
  t.match(await gateway.untilState('a', 'live'), { reconnects: 0 })
  const { frames_overwritten, frames_late } = await gateway.camera('a')
  t.ok(frames_overwritten + frames_late > 30, `${frames_overwritten} overwritten, ${frames_late} late`)
})

t.test('a gateway that was suspended for two seconds shows no old frame', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json') })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start(SMALL)
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url, pub_fps: 25 })
  await gateway.untilState('a', 'live')
  const reader = new WireReader(gateway.zmq, 'a', { conflate: true })
  t.teardown(() => reader.close())
  await until('frames', () => reader.frames.length > 20)
  await pause(3000)
  gateway.kill('SIGSTOP')
  await pause(2000)
  const count = reader.frames.length
  gateway.kill('SIGCONT')
  // Packets that waited in the sockets are old, and new ones are not: the gateway distinguishes them at once.
  await until('frames again', () => reader.frames.length > count + 20)
  await gateway.untilState('a', 'live')
  t.equal(camera.total, 1, 'in the same session')
})
