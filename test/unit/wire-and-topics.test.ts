import { spawnSync } from 'node:child_process'
import t from 'tap'
import { encodeFrameMessage } from '../../src/frames/frame-message.js'
import { FrameHub } from '../../src/frames/frame-hub.js'
import { parseTopic, renditionTopic } from '../../src/frames/rendition-topic.js'
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
  let calls = 0
  hub.onDemand(() => calls++)
  t.strictSame(hub.demandedTopics('cam1'), [])
  hub.setSubscriptions(new Set(['cam1\0']))
  t.strictSame(hub.demandedTopics('cam1'), ['cam1'])
  t.strictSame(hub.demandedTopics('cam10'), [], 'the NUL keeps cam10 out')
  hub.setSubscriptions(new Set(['cam1']))
  t.strictSame(hub.demandedTopics('cam10'), ['cam10'], 'a prefix without NUL asks for every camera that begins so')
  hub.setSubscriptions(new Set(['']))
  t.strictSame(hub.demandedTopics('any'), ['any'])
  hub.setSubscriptions(new Set(['cam1@320w5fps\0', 'cam1\0', 'cam1@bad\0', 'cam1@640w5f']))
  t.strictSame(hub.demandedTopics('cam1'), ['cam1', 'cam1@320w5fps'], 'its own comes first, nonsense not at all')
  hub.setSubscriptions(new Set())
  const before = calls
  const end = hub.read('cam1', () => undefined)
  t.strictSame(hub.demandedTopics('cam1'), ['cam1'])
  t.equal(hub.readers('cam1'), 1)
  end()
  end()
  t.strictSame(hub.demandedTopics('cam1'), [])
  t.equal(calls, before + 2)
})

t.test('keeps the newest frame of a topic until forget()', async (t) => {
  const hub = new FrameHub()
  const got: number[] = []
  hub.read(frame.topic, (f) => got.push(f.seq))
  hub.put(frame)
  hub.put({ ...frame, seq: 8 })
  t.equal(hub.newest(frame.topic)?.seq, 8)
  t.strictSame(got, [7, 8])
  hub.forget(frame.topic)
  t.equal(hub.newest(frame.topic), undefined)
})

t.test('a frame is current for three intervals of its topic, at least 250 ms', async (t) => {
  const hub = new FrameHub()
  const put = (agoMs: number, seq: number) => hub.put({ ...frame, seq, receivedAtMs: performance.now() - agoMs })
  put(200, 1)
  t.equal(hub.current(frame.topic)?.seq, 1, 'the first, younger than 250 ms')
  put(160, 2)
  t.equal(hub.current(frame.topic)?.seq, 2, 'an interval of 40 ms, younger than 250 ms')
  hub.forget(frame.topic)
  put(1300, 3)
  t.equal(hub.current(frame.topic), undefined, 'the first, older')
  put(300, 4)
  t.equal(hub.current(frame.topic)?.seq, 4, 'an interval of 1 s, younger than 3 s')
  put(260, 5)
  t.equal(hub.current(frame.topic), undefined, 'an interval of 40 ms, older')
  t.equal(hub.newest(frame.topic)?.seq, 5, 'it is the newest all the same')
})
