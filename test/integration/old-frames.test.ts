// No reader ever gets an old frame: not of a camera that has gone, not of a rendition that comes back, and not because
// the reader itself was away.

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

const SMALL = { width: 320, height: 180, fps: 25, gop: 25, 'bitrate-kbps': 300 }
// The gateway's own limit of 250 ms, and what a busy machine adds. Old frames are more than 3 s old here.
const LIMIT_MS = 2000

async function setUp(t: Test) {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start(SMALL)
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url, pub_fps: 25 })
  await gateway.untilState('a', 'live')
  const read = (topic: string) => {
    const reader = new WireReader(gateway.zmq, topic, { conflate: true })
    t.teardown(() => reader.close())
    return reader
  }
  return { gateway, camera, read }
}

const ageMs = (reader: WireReader) => {
  const { gotAtMs, header } = reader.frames[0]!
  return gotAtMs - header.received_at_us / 1000
}

t.test('a camera that has gone: neither ZeroMQ, /snapshot, /mjpeg nor /frames has a frame', async (t) => {
  const { gateway, camera, read } = await setUp(t)
  const stays = read('a')
  await until('frames', () => stays.frames.length > 10)
  await camera.command('fault half-open')
  await gateway.untilState('a', 'stalled')
  const count = stays.frames.length
  const readers = [read('a'), read('a@160w25fps')]
  const streams = ['/mjpeg?cam=a', '/frames?cam=a'].map(async (path) => {
    const response = await fetch(gateway.base + path, { signal: AbortSignal.timeout(2000) })
    let bytes = 0
    try {
      for await (const chunk of response.body!) bytes += chunk.length
    } catch {
      // The time limit.
    }
    return bytes
  })
  t.equal((await gateway.get('/snapshot?cam=a')).status, 503)
  for (const bytes of await Promise.all(streams)) t.ok(bytes < 100, `${bytes} bytes, the first boundary at most`)
  t.strictSame(
    readers.map((reader) => reader.frames.length),
    [0, 0],
  )
  t.equal(stays.frames.length, count)
  await camera.command('clear')
  await until('a new frame', () => readers.every((reader) => reader.frames.length > 0), { limitMs: 30000 })
  for (const reader of readers) t.ok(ageMs(reader) < LIMIT_MS, `${ageMs(reader)} ms`)
})

t.test('a rendition that comes back begins with a new frame', async (t) => {
  const { read } = await setUp(t)
  const topics = ['a', 'a@160w25fps', 'a@80w25fps']
  for (let round = 0; round < 2; round++) {
    const readers = topics.map(read)
    await until('frames', () => readers.every((reader) => reader.frames.length > 2))
    for (const reader of readers) t.ok(ageMs(reader) < LIMIT_MS, `${ageMs(reader)} ms`)
    await Promise.all(readers.map((reader) => reader.close()))
    await pause(3400) // The renditions end 3 s after their last reader.
  }
})
