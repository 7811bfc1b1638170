// What subscribers get: rates, order and freshness, from one session per camera.

import { join } from 'node:path'
import t from 'tap'
import { spawn } from 'node:child_process'
import { frameNumber } from '../helpers/frame-number.js'
import { Gateway } from '../helpers/gateway.js'
import { FOOTAGE, NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

// They mostly wait for frames.
t.jobs = 2

// First, because it takes the longest.
t.test(
  'real footage with an audio track plays',
  { skip: FOOTAGE ? false : 'the footage in ../shared is missing' },
  async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json') })
    t.teardown(() => gateway.stop())
    const camera = await TestCamera.start({ file: FOOTAGE! })
    t.teardown(() => camera.stop())
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
    const live = await gateway.untilState('a', 'live')
    t.match(live, { codec: 'h264', audio: true, width: 768, height: 432 })
    const reader = new WireReader(gateway.zmq, 'a')
    t.teardown(() => reader.close())
    await until('frames past the end of the file and into its second round', () => reader.frames.length > 12.5 * 32, {
      limitMs: 90000,
    })
    t.match(await gateway.untilState('a', 'live'), { reconnects: 0 })
  },
)

t.test("pub_fps paces by the stream's timestamps: 20 from 25, 7 from 12.5, 25 if 30 are requested", async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json') })
  t.teardown(() => gateway.stop())
  const fast = await TestCamera.start({ fps: 25, gop: 25, width: 320, height: 180, 'report-frames': true })
  t.teardown(() => fast.stop())
  const slow = await TestCamera.start({ fps: 12.5, gop: 25, width: 320, height: 180, 'report-frames': true })
  t.teardown(() => slow.stop())
  await gateway.post('/cameras/start', { name: 'fast', rtsp: fast.url, pub_fps: 20 })
  await gateway.post('/cameras/start', { name: 'slow', rtsp: slow.url, pub_fps: 7 })
  await gateway.untilState('fast', 'live')
  await gateway.untilState('slow', 'live')
  const cases = [
    { topic: 'fast', camera: fast, sourceFps: 25, fps: 20 },
    { topic: 'slow', camera: slow, sourceFps: 12.5, fps: 7 },
    { topic: 'fast@320w30fps', camera: fast, sourceFps: 25, fps: 25 },
  ]
  const readers = cases.map(({ topic }) => new WireReader(gateway.zmq, topic, { dropJpegs: false }))
  t.teardown(() => Promise.all(readers.map((reader) => reader.close())))
  await until('10 s of frames', () => readers.every((reader, i) => reader.frames.length > cases[i]!.fps * 10), {
    limitMs: 60000,
  })
  for (const [i, { topic, camera, sourceFps, fps }] of cases.entries()) {
    // The first frames may come from the GOP cache, in a burst.
    const frames = readers[i]!.frames.slice(5)
    const numbers = frames.map((frame) => frameNumber(frame.jpegBytes))
    t.notOk(numbers.includes(null), `${topic}: every number can be read`)
    const steps = numbers.slice(1).map((number, j) => number! - numbers[j]!)
    t.ok(
      steps.every((step) => step >= 1),
      `${topic}: none repeated, none out of order`,
    )
    const seqs = frames.map((frame) => frame.header.seq)
    const seqSteps = seqs.slice(1).map((seq, j) => seq - seqs[j]!)
    t.ok(
      seqSteps.every((step, j) => step >= 1 && step <= steps[j]!),
      `${topic}: seq counts published frames, at most one for each of the source`,
    )
    // Of a burst after a standstill of the machine, ZeroMQ keeps only so much.
    const published = seqs.at(-1)! - seqs[0]!
    const missed = published - steps.length
    t.ok(missed <= published / 10, `${topic}: ${missed} of ${published} frames missed`)
    // The gateway counts the frames that it skipped because the machine was too slow.
    const { frames_late, frames_overwritten } = await gateway.camera(topic.split('@')[0]!)
    const leftOut = frames_late + frames_overwritten
    const seconds = (numbers.at(-1)! - numbers[0]!) / sourceFps
    const least = published / seconds
    t.ok(least >= fps - 0.3 - leftOut / seconds, `${topic}: ${least.toFixed(2)} fps (${leftOut} left out)`)
    // After a standstill, the camera itself continues later and stamps its frames accordingly.
    const [firstUs, lastUs] = [numbers[0], numbers.at(-1)].map((number) => camera.madeAtUs.get(number!)!)
    const most = published / Math.max(seconds, (lastUs! - firstUs!) / 1e6)
    t.ok(most <= fps + 0.3, `${topic}: ${most.toFixed(2)} fps by the camera's clock`)
    const longest = Math.max(...steps)
    t.ok(
      longest <= Math.max(2, Math.ceil(sourceFps / fps)) + leftOut + missed,
      `${topic}: longest step ${longest} source frames (${leftOut} left out, ${missed} missed)`,
    )
  }
})

t.test('a new subscriber sees the newest frame at once, others skip the seq they have', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  // One frame in two seconds: waiting for the next one would take long.
  const camera = await TestCamera.start({ fps: 25, gop: 250 })
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url, pub_fps: 0.5 })
  await gateway.untilState('a', 'live')
  const first = new WireReader(gateway.zmq, 'a')
  t.teardown(() => first.close())
  await until('two frames', () => first.frames.length >= 2)
  const second = new WireReader(gateway.zmq, 'a')
  t.teardown(() => second.close())
  await until('the newest frame for the second', () => second.frames.length > 0)
  const seq = second.frames[0]!.header.seq
  t.ok(
    first.frames.some((frame) => frame.header.seq === seq),
    'it is one that was published before',
  )
  await until(
    'the repeated one to reach the first',
    () => first.frames.filter((frame) => frame.header.seq === seq).length > 1,
  )
})

t.test('a new subscriber gets no frame of a camera that has gone', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start({ fps: 10, gop: 10, width: 320, height: 180 })
  t.teardown(() => camera.stop())
  // Of a slow topic the newest frame would be current for 6 s.
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url, pub_fps: 0.5 })
  await gateway.untilState('a', 'live')
  const before = new WireReader(gateway.zmq, 'a')
  t.teardown(() => before.close())
  await until('two frames', () => before.frames.length >= 2)
  await camera.stop()
  await until('the gateway to notice', async () => (await gateway.camera('a')).state !== 'live')
  const after = new WireReader(gateway.zmq, 'a')
  t.teardown(() => after.close())
  await pause(500) // For what must not happen.
  t.equal(after.frames.length, 0)
})

t.test('/frames carries many cameras and renditions in one response', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const cameras = await Promise.all(
    [1, 2, 3].map(() => TestCamera.start({ fps: 10, gop: 10, width: 320, height: 180 })),
  )
  t.teardown(() => Promise.all(cameras.map((camera) => camera.stop())))
  for (const [i, camera] of cameras.entries()) await gateway.post('/cameras/start', { name: `c${i}`, rtsp: camera.url })
  const stop = new AbortController()
  const response = await fetch(`${gateway.base}/frames?cam=c0&cam=c1@160w5fps&cam=c2`, { signal: stop.signal })
  t.equal(response.headers.get('content-type'), 'application/octet-stream')
  const { decode } = await import('../helpers/wire-reader.js')
  const seqs = new Map<string, number[]>()
  let bytes = Buffer.alloc(0)
  for await (const chunk of response.body!) {
    bytes = Buffer.concat([bytes, chunk])
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE()) {
      const frame = decode(bytes.subarray(4, 4 + bytes.readUInt32LE()))
      bytes = bytes.subarray(4 + bytes.readUInt32LE())
      t.type(frameNumber(frame.jpegBytes), 'number')
      seqs.set(frame.topic, [...(seqs.get(frame.topic) ?? []), frame.header.seq])
    }
    if (seqs.size === 3 && [...seqs.values()].every((list) => list.length >= 8)) break
  }
  stop.abort()
  for (const [topic, list] of seqs)
    t.ok(
      list.every((seq, i) => i === 0 || seq > list[i - 1]!),
      `${topic}: ${list.join()}`,
    )
  t.equal((await gateway.get('/frames')).status, 400)
  t.equal((await gateway.get('/frames?cam=c0@nonsense')).status, 400)
  t.equal((await gateway.get('/frames?cam=unknown')).status, 404)
})

t.test('a decoder that starts late shows the newest frame, even if the next key frame is far off', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json') })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start({ fps: 25, gop: 500, 'report-frames': true })
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  await gateway.untilState('a', 'live')
  const sent = camera.sentAtUs.size
  // The next key frame is 20 s away.
  await until('frames to pile up behind the key frame', () => camera.sentAtUs.size > sent + 37)
  const asked = camera.sentAtUs.size
  const reader = new WireReader(gateway.zmq, 'a', { dropJpegs: false })
  t.teardown(() => reader.close())
  await until('a frame long before the next key frame', () => reader.frames.length > 0, { limitMs: 15000 })
  const number = frameNumber(reader.frames[0]!.jpegBytes)
  // A second, for a busy machine; the key frame is older.
  t.ok(number !== null && number >= asked - 25, `frame ${number}, where ${asked} had been sent when it was asked for`)
})

t.test('a consumer that works 200 ms on each frame still gets fresh ones', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json') })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start({ fps: 25, gop: 25, 'report-frames': true })
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url, pub_fps: 25 })
  await gateway.untilState('a', 'live')
  const { Subscriber } = await import('zeromq')
  const { decode } = await import('../helpers/wire-reader.js')
  const socket = new Subscriber({ conflate: true, linger: 0 })
  t.teardown(() => socket.close())
  socket.connect(gateway.zmq)
  socket.subscribe('a\0')
  let worst = 0
  for (let i = 0; i < 40; i++) {
    const [message] = (await socket.receive()) as [Buffer]
    const number = frameNumber(decode(message).jpegBytes)
    const newest = Math.max(...camera.sentAtUs.keys())
    if (i > 2) worst = Math.max(worst, newest - (number ?? -1000))
    await pause(200)
  }
  // Eight seconds: a queue would have grown to 160 frames.
  t.ok(worst <= 50, `at worst ${worst} frames behind the camera`)
})

t.test('all readers together use one session of the camera', { skip: NO_MEDIAMTX }, async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'managed' })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start({ fps: 25, gop: 25, audio: 'aac' })
  t.teardown(() => camera.stop())
  const { body } = await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  await gateway.untilState('a', 'live')

  const subscribers = Array.from({ length: 4 }, () => new WireReader(gateway.zmq, 'a'))
  t.teardown(() => Promise.all(subscribers.map((reader) => reader.close())))
  const stop = new AbortController()
  t.teardown(() => stop.abort())
  let mjpegBytes = 0
  for (let i = 0; i < 2; i++) {
    const response = await fetch(`${gateway.base}/mjpeg?cam=a`, { signal: stop.signal })
    void (async () => {
      for await (const chunk of response.body!) mjpegBytes += chunk.length
    })().catch(() => undefined)
  }
  const player = spawn(
    'gst-launch-1.0',
    ['-q', 'rtspsrc', `location=${body.rtsp_url}`, 'protocols=tcp', '!', 'fakesink', 'sync=false'],
    { stdio: 'ignore' },
  )
  player.once('error', (error) => t.fail(error.message))
  t.teardown(
    () =>
      new Promise<void>((resolve) => {
        if (player.exitCode !== null || player.pid === undefined) return resolve()
        player.once('close', () => resolve())
        player.once('error', () => resolve())
        player.kill('SIGKILL')
      }),
  )
  const playlist = await until('an HLS playlist', async () => {
    const response = await fetch(body.hls)
    const text = await response.text()
    return response.ok && text.includes('#EXTM3U') ? text : ''
  })
  t.match(playlist, '#EXTM3U')
  await until(
    'frames everywhere',
    () => subscribers.every((reader) => reader.frames.length > 20) && mjpegBytes > 100000,
  )
  const stats = await camera.stats()
  t.equal(stats.active, 1)
  t.equal(stats.total, 1)
})

const cameras: Record<string, Record<string, string | number | true>> = {
  'H.264, 4 slices': { codec: 'h264', slices: 4 },
  'H.264, B-frames': { codec: 'h264', bframes: 2, profile: 'high' },
  'H.265': { codec: 'h265' },
  MJPEG: { codec: 'mjpeg' },
  VP8: { codec: 'vp8' },
  VP9: { codec: 'vp9' },
  'beside audio and metadata': { codec: 'h264', audio: 'alaw', metadata: true },
}
for (const [codec, options] of Object.entries(cameras)) {
  t.test(`${codec}: whole frames in order`, async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json') })
    t.teardown(() => gateway.stop())
    const camera = await TestCamera.start({ fps: 25, gop: 25, ...options })
    t.teardown(() => camera.stop())
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url, pub_fps: 25 })
    const live = await gateway.untilState('a', 'live')
    t.equal(live.codec, options.codec)
    const verdict = options.codec !== 'h264' ? 'mjpeg' : 'bframes' in options ? 'hls' : 'webrtc'
    const judged = await until('the verdict', async () => {
      const camera = await gateway.camera('a')
      return camera.b_frames !== null && camera
    })
    t.equal(judged.preferred, gateway.env.MEDIAMTX === 'managed' ? verdict : 'mjpeg')
    const reader = new WireReader(gateway.zmq, 'a', { dropJpegs: false })
    t.teardown(() => reader.close())
    await until('60 frames', () => reader.frames.length >= 60)
    const numbers = reader.frames.map((frame) => frameNumber(frame.jpegBytes))
    t.notOk(numbers.includes(null), numbers.join())
    t.ok(
      numbers.every((number, i) => i === 0 || number! > numbers[i - 1]!),
      numbers.join(),
    )
  })
}
