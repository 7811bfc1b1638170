import { spawnSync } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { encodeFrameMessage } from '../../src/frames/frame-message.js'
import { FrameHub } from '../../src/frames/frame-hub.js'
import { parseTopic, renditionTopic } from '../../src/frames/rendition-topic.js'
import { FrameOutput } from '../../src/cameras/frame-output.js'
import type { NativeFrame } from '../../src/native.js'
import type { Frame } from '../../src/types.js'
import { decode } from '../helpers/wire-reader.js'

const frame: Frame = {
  topic: 'lobby-1@320w5fps',
  camera: 'lobby-1',
  seq: 7,
  jpegBytes: Buffer.from([0xff, 0xd8, 1, 2, 0, 0xff, 0xd9]),
  width: 320,
  height: 180,
  sourceWidth: 1920,
  sourceHeight: 1080,
  receivedAtUs: 1700000000000001,
  receivedAtMs: 0,
  publishedAtUs: 1700000000000002,
  capturedAtUs: null,
}

t.test('a message has one part: topic, NUL, header length, header, JPEG', async (t) => {
  const message = encodeFrameMessage(frame)
  t.ok(message.subarray(0, 17).equals(Buffer.from('lobby-1@320w5fps\0')))
  const read = decode(message)
  t.equal(read.topic, frame.topic)
  t.match(read.header.run, /^[0-9a-f]{16}$/)
  t.equal(decode(encodeFrameMessage(frame)).header.run, read.header.run, 'the same in every message')
  t.equal(decode(encodeFrameMessage(frame, 'another')).header.run, 'another')
  t.strictSame(read.header, {
    v: 1,
    camera: 'lobby-1',
    run: read.header.run,
    seq: 7,
    width: 320,
    height: 180,
    source_width: 1920,
    source_height: 1080,
    received_at_us: 1700000000000001,
    published_at_us: 1700000000000002,
    captured_at_us: null,
  })
  t.ok(read.jpegBytes.equals(frame.jpegBytes))
})

t.test('another process has another run', async (t) => {
  const program = `import { encodeFrameMessage } from ${JSON.stringify(import.meta.resolve('../../src/frames/frame-message.js'))}
    process.stdout.write(encodeFrameMessage({ topic: 'a', jpegBytes: Buffer.alloc(0) }))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program])
  t.match(decode(stdout).header.run, /^[0-9a-f]{16}$/)
  t.not(decode(stdout).header.run, decode(encodeFrameMessage(frame)).header.run)
})

t.test('parses rendition topics as they are formatted, and nothing else', async (t) => {
  t.equal(renditionTopic('cam1', 320, 5), 'cam1@320w5fps')
  t.equal(renditionTopic('cam1', 0, 12.5), 'cam1@0w12.5fps')
  t.strictSame(parseTopic('cam1@320w5fps'), { camera: 'cam1', size: { width: 320, fps: 5 } })
  t.strictSame(parseTopic('cam1@0w12.5fps'), { camera: 'cam1', size: { width: 0, fps: 12.5 } })
  t.strictSame(parseTopic('cam1'), { camera: 'cam1', size: null })
  for (const bad of [
    '',
    'a b',
    'cam1@',
    'cam1@320w',
    'cam1@8w5fps',
    'cam1@320w0fps',
    'cam1@320w500fps',
    'cam1@99999w5fps',
    'cam1@320w5fps@2',
    'é',
  ]) {
    t.equal(parseTopic(bad), null, JSON.stringify(bad))
  }
})

t.test('subscriptions and readers create demand for their topics', async (t) => {
  const hub = new FrameHub()
  const subscribe = (...prefixes: string[]) => {
    hub.clearSubscriptions()
    for (const prefix of prefixes) hub.setSubscribers(prefix, 1)
  }
  t.strictSame(hub.demandedTopics('cam1'), [])
  subscribe('cam1\0')
  t.strictSame(hub.demandedTopics('cam1'), ['cam1'])
  t.strictSame(hub.demandedTopics('cam10'), [], 'the NUL keeps cam10 out')
  subscribe('cam1')
  t.strictSame(hub.demandedTopics('cam10'), ['cam10'], 'a prefix without NUL asks for every camera that begins so')
  t.strictSame(hub.demandedTopics('cam'), [])
  subscribe('')
  t.strictSame(hub.demandedTopics('any'), ['any'])
  subscribe('cam1@320w5fps\0', 'cam1\0', 'cam1@bad\0', 'cam1@640w5f', 'cam1 \0', 'é')
  t.strictSame(hub.demandedTopics('cam1'), ['cam1', 'cam1@320w5fps'], 'its own comes first, nonsense not at all')
  hub.setSubscribers('cam1\0', 0)
  t.strictSame(hub.demandedTopics('cam1'), ['cam1@320w5fps'])
  subscribe()
  const end = hub.read('cam1', () => undefined)
  t.strictSame(hub.demandedTopics('cam1'), ['cam1'])
  t.equal(hub.readers('cam1'), 1)
  end()
  end()
  t.strictSame(hub.demandedTopics('cam1'), [])
})

t.test('readers of the lane create demand, but none for JPEGs', async (t) => {
  const hub = new FrameHub()
  const changed: string[] = []
  hub.onDemand('cam1', () => changed.push(hub.demandedTopics('cam1').join(' ')))
  hub.setLaneReaders([
    { topic: 'cam1', readers: 2 },
    { topic: 'cam1@320w5fps', readers: 1 },
    { topic: 'no topic', readers: 9 },
  ])
  await setImmediate()
  t.strictSame(hub.readersByKind('cam1'), { lane: 3, zmq: 0, http: 0 })
  t.equal(hub.wantsJpeg('cam1'), false)
  hub.setSubscribers('cam1\0', 1)
  t.equal(hub.wantsJpeg('cam1'), true)
  t.equal(hub.wantsJpeg('cam1@320w5fps'), false)
  hub.setSubscribers('cam1\0', 0)
  const stop = hub.read('cam1@320w5fps', () => undefined)
  t.equal(hub.wantsJpeg('cam1@320w5fps'), true)
  stop()
  hub.setLaneReaders([])
  await setImmediate()
  t.strictSame(changed, ['cam1 cam1@320w5fps', ''])
})

t.test('readers are counted over all topics of a camera', async (t) => {
  const hub = new FrameHub()
  t.strictSame(hub.readersByKind('cam1'), { lane: 0, zmq: 0, http: 0 })
  hub.setSubscribers('cam1\0', 3)
  hub.setSubscribers('cam1@320w5fps\0', 2)
  hub.setSubscribers('cam10\0', 5)
  hub.setSubscribers('', 1)
  const ends = ['cam1', 'cam1', 'cam1@320w5fps', 'cam10'].map((topic) => hub.read(topic, () => undefined))
  t.strictSame(hub.readersByKind('cam1'), { lane: 0, zmq: 6, http: 3 })
  hub.setSubscribers('cam1\0', 2)
  ends[0]!()
  t.strictSame(hub.readersByKind('cam1'), { lane: 0, zmq: 5, http: 2 })
  hub.clearSubscriptions()
  for (const end of ends) end()
  t.strictSame(hub.readersByKind('cam1'), { lane: 0, zmq: 0, http: 0 })
})

t.test('only the camera that a change is about is asked again, once for all changes', async (t) => {
  const hub = new FrameHub()
  const calls = { a: 0, b: 0 }
  hub.onDemand('a', () => calls.a++)
  const off = hub.onDemand('b', () => calls.b++)
  const change = async (...prefixes: string[]) => {
    ;[calls.a, calls.b] = [0, 0]
    for (const prefix of prefixes) hub.setSubscribers(prefix, 1)
    t.equal(calls.a + calls.b, 0, 'later')
    await setImmediate()
  }
  await change('a\0', 'a@16w1fps\0', 'a@32w1fps\0')
  t.strictSame(calls, { a: 1, b: 0 })
  await change('rubbish \0', 'a@16w1fp', 'other\0')
  t.strictSame(calls, { a: 0, b: 0 })
  await change('')
  t.strictSame(calls, { a: 1, b: 1 })
  off()
  hub.read('a', () => undefined)
  await change('b\0')
  t.strictSame(calls, { a: 1, b: 0 })
})

t.test('100,000 subscriptions cost a second at most, and shut nothing out', async (t) => {
  const hub = new FrameHub()
  let topics: string[] = []
  for (let i = 0; i < 64; i++) hub.onDemand(`cam${i}`, () => (topics = hub.demandedTopics(`cam${i}`)))
  const begun = process.cpuUsage()
  for (let i = 0; i < 100_000; i++) {
    hub.setSubscribers(`cam1@${16 + (i % 7000)}w${1 + (i % 9)}fps\0`, 1)
    hub.setSubscribers(`x${i}`, 1)
    if (i % 1000 === 0) await setImmediate()
  }
  const { user, system } = process.cpuUsage(begun)
  const cpuMs = (user + system) / 1000
  t.ok(cpuMs < 5000, `${cpuMs} ms`) // Measured: 300 ms. One pass over all prefixes for each change took minutes.
  hub.setSubscribers('cam2\0', 1)
  await setImmediate()
  t.strictSame(hub.demandedTopics('cam2'), ['cam2'])
  t.ok(hub.demandedTopics('cam1').length <= 64 && topics.length <= 64)
})

const now = () => ({ ...frame, receivedAtMs: performance.now() })

t.test('keeps the newest frame of a topic until forget()', async (t) => {
  const hub = new FrameHub()
  const got: number[] = []
  hub.read(frame.topic, (f) => got.push(f.seq))
  hub.put(now())
  hub.put({ ...now(), seq: 8 })
  t.equal(hub.current(frame.topic)?.seq, 8)
  t.strictSame(got, [7, 8])
  hub.forget(frame.topic)
  t.equal(hub.current(frame.topic), undefined)
})

t.test(
  'a frame is current for three intervals of its topic, at least 350 ms; older ones reach no reader',
  async (t) => {
    const hub = new FrameHub()
    const got: number[] = []
    hub.onFrame((frame) => got.push(frame.seq))
    const put = (agoMs: number, seq: number, intervalMs = 0) =>
      hub.put({ ...frame, seq, receivedAtMs: performance.now() - agoMs }, intervalMs)
    put(200, 1)
    t.equal(hub.current(frame.topic)?.seq, 1, 'the first, younger than 350 ms')
    put(160, 2)
    t.equal(hub.current(frame.topic)?.seq, 2, 'an interval of 40 ms, younger than 350 ms')
    hub.forget(frame.topic)
    put(1300, 3)
    t.equal(hub.current(frame.topic), undefined, 'the first, older')
    put(300, 4)
    t.equal(hub.current(frame.topic)?.seq, 4, 'an interval of 1 s, younger than 3 s')
    hub.forget(frame.topic)
    put(1300, 5, 500)
    t.equal(hub.current(frame.topic)?.seq, 5, 'an interval of at least 500 ms')
    hub.forget(frame.topic)
    put(440, 6)
    put(400, 7)
    t.equal(hub.current(frame.topic), undefined, 'an interval of 40 ms, older')
    t.strictSame(got, [1, 2, 4, 5])
  },
)

t.test('frames of a rendition that has ended, or comes back, are not kept', async (t) => {
  const hub = new FrameHub()
  const output = new FrameOutput('a', hub)
  const rendition = { id: 'a@320w5fps', width: 320, fps: 5, jpegQuality: 80 }
  const native = {
    ...{ rendition: rendition.id, jpegBytes: Buffer.alloc(4), width: 320, height: 180, sourceWidth: 320 },
    ...{ sourceHeight: 180, receivedAtUs: 5e6, handedOverAtUs: 5e6, capturedAtUs: null },
  }
  output.encode([rendition])
  output.put(native)
  t.equal(hub.current(rendition.id)?.seq, 0)
  output.encode([])
  t.equal(hub.current(rendition.id), undefined)
  output.put(native) // Was on its way.
  output.encode([rendition])
  t.equal(hub.current(rendition.id), undefined, 'a subscriber that comes back gets no old frame')
  output.put(native)
  t.equal(hub.current(rendition.id)?.seq, 1, 'its numbers continue')
  output.forget()
  t.equal(hub.current(rendition.id), undefined, 'nor one of a camera that is away')
})

t.test('a camera remembers the numbers of 64 renditions', async (t) => {
  const hub = new FrameHub()
  const output = new FrameOutput('a', hub)
  const seqAfter = (id: string) => {
    output.encode([{ id, width: 320, fps: 5, jpegQuality: 80 }])
    output.put({ rendition: id, receivedAtUs: 5e6, handedOverAtUs: 5e6 } as NativeFrame)
    return hub.current(id)?.seq
  }
  for (let width = 100; width < 200; width++) t.equal(seqAfter(`a@${width}w5fps`), 0)
  t.equal(seqAfter('a@199w5fps'), 1)
  t.equal(seqAfter('a@140w5fps'), 1)
  t.equal(seqAfter('a@120w5fps'), 0, 'forgotten')
})

t.test('the newest frame of a camera that pauses stays current', async (t) => {
  const hub = new FrameHub()
  let pauses = true
  hub.pauses = (camera) => camera === frame.camera && pauses
  hub.put({ ...frame, receivedAtMs: performance.now() - 5000 })
  t.equal(hub.current(frame.topic)?.seq, frame.seq)
  pauses = false
  t.equal(hub.current(frame.topic), undefined)
})
