// Which renditions a camera encodes, and for how long after their readers have left.

import { mock } from 'node:test'
import t from 'tap'
import { cameraSettings } from '../../src/camera-settings.js'
import { Demand, LINGER_MS, renditionsOf } from '../../src/cameras/demand.js'
import { MAX_RENDITIONS } from '../../src/frames/rendition-topic.js'

mock.timers.enable({ apis: ['setTimeout'] })
t.teardown(() => mock.timers.reset())

function start() {
  let wanted: string[] = []
  const changes: string[][] = []
  const refused: string[] = []
  const demand = new Demand(() => wanted, {
    changed: (topics) => changes.push(topics),
    refused: (topic, _why, isNew) => void (isNew && refused.push(topic)),
  })
  const want = (...topics: string[]) => {
    wanted = topics
    demand.update()
  }
  return { demand, want, changes, refused, made: () => demand.topics }
}

t.test('a topic is encoded at once, and until 3 s after its last reader has left', async (t) => {
  const { want, made, changes } = start()
  t.strictSame(made(), [])
  want('a')
  t.strictSame(made(), ['a'])
  want()
  mock.timers.tick(LINGER_MS - 1)
  t.strictSame(made(), ['a'])
  mock.timers.tick(1)
  t.strictSame(made(), [])
  t.strictSame(changes, [['a'], []], 'nothing changed in between')
})

t.test('a reader that arrives while the topic lingers keeps it', async (t) => {
  const { want, made, changes } = start()
  want('a')
  want()
  mock.timers.tick(LINGER_MS - 1000)
  want('a')
  mock.timers.tick(10 * LINGER_MS)
  t.strictSame(made(), ['a'])
  t.strictSame(changes, [['a']])
})

t.test('each topic lingers on its own, from when its last reader left', async (t) => {
  const { want, made } = start()
  want('a', 'a@320w5fps')
  want('a@320w5fps')
  mock.timers.tick(LINGER_MS - 100)
  want()
  mock.timers.tick(100)
  t.strictSame(made(), ['a@320w5fps'])
  mock.timers.tick(LINGER_MS - 101)
  t.strictSame(made(), ['a@320w5fps'])
  mock.timers.tick(1)
  t.strictSame(made(), [])
})

t.test('with a snapshot every second for a minute, the topic is encoded without a break', async (t) => {
  const { want, changes } = start()
  for (let second = 0; second < 60; second++) {
    want('a')
    mock.timers.tick(50)
    want()
    mock.timers.tick(950)
  }
  t.strictSame(changes, [['a']])
})

t.test('a ninth topic is refused once, and encoded when another one ends', async (t) => {
  const { want, made, refused } = start()
  const topics = Array.from({ length: MAX_RENDITIONS + 1 }, (_, i) => `a@64w${i + 1}fps`)
  const last = topics.at(-1)!
  want(...topics)
  t.strictSame(made(), topics.slice(0, MAX_RENDITIONS))
  want(...topics)
  t.strictSame(refused, [last])
  want(...topics.slice(1))
  t.strictSame(made(), topics.slice(1), 'one that lingers gives way')
  mock.timers.tick(2 * LINGER_MS)
  t.strictSame(made(), topics.slice(1))
})

t.test('topics that come and go beyond the limit are reported a few times only', async (t) => {
  const { want, refused } = start()
  const topics = Array.from({ length: MAX_RENDITIONS }, (_, i) => `a@64w${i + 1}fps`)
  for (let i = 0; i < 1000; i++) {
    want(...topics, `a@${100 + (i % 500)}w1fps`)
    want(...topics)
  }
  t.equal(refused.length, 8)
  t.equal(new Set(refused).size, 8)
})

t.test('topics for which there is no memory are refused with the reason; those that are encoded remain', async (t) => {
  let leftMb = 100
  let wanted: string[] = []
  const changes: string[][] = []
  const refused: string[] = []
  const room = {
    neededMb: (topic: string, first: boolean) => (first ? 60 : 0) + (topic === 'a@0w5fps' ? 40 : 10),
    lacks: (mb: number, besidesMb: number) => (mb + besidesMb > leftMb ? `needs ${mb}` : null),
    take: (mb: number) => void (leftMb -= mb),
  }
  const events = {
    changed: (topics: string[]) => void changes.push(topics),
    refused: (topic: string, why: string, isNew: boolean) => void refused.push(`${topic} ${why} ${isNew}`),
  }
  const demand = new Demand(() => wanted, events, undefined, room)
  t.teardown(() => demand.close())
  wanted = ['a', 'a@0w5fps', 'a@320w5fps']
  t.equal(demand.whyNot('a'), null)
  demand.update()
  t.strictSame(changes, [['a', 'a@320w5fps']], 'a small one fits after a large one did not')
  t.strictSame([...demand.refused], [['a@0w5fps', 'needs 40']])
  t.equal(leftMb, 20)
  t.strictSame(
    [demand.whyNot('a@0w5fps'), demand.whyNot('a'), demand.whyNot('a@64w1fps')],
    ['needs 40', null, null],
    'for a reader that comes now',
  )
  mock.timers.tick(3000)
  t.equal(refused.filter((line) => line.endsWith('true')).length, 1, 'logged once')
  leftMb = 40
  mock.timers.tick(1000)
  t.strictSame(changes.at(-1), ['a', 'a@0w5fps', 'a@320w5fps'], 'encoded once memory is there')
  t.equal(demand.refused.size, 0)
  leftMb = 0
  wanted = ['a']
  demand.update()
  t.strictSame(demand.topics, ['a', 'a@0w5fps', 'a@320w5fps'], 'nothing that is encoded is looked at again')
  leftMb = 70
  demand.updateAll()
  t.strictSame(demand.topics, ['a'], 'except if the pictures become larger')
})

t.test('close() clears all timers', async (t) => {
  const { demand, want, changes } = start()
  want('a')
  want()
  demand.close()
  mock.timers.tick(2 * LINGER_MS)
  t.strictSame(changes, [['a']])
})

t.test("a topic name has its size and rate; the camera's own topic uses the settings", async (t) => {
  const settings = cameraSettings.parse({ name: 'a', rtsp: 'rtsp://h/', pubFps: 20, scaleWidth: 640, jpegQuality: 80 })
  t.strictSame(renditionsOf(['a', 'a@320w12.5fps'], new Set(['a']), settings), [
    { id: 'a', width: 640, fps: 20, jpegQuality: 80, jpeg: true },
    { id: 'a@320w12.5fps', width: 320, fps: 12.5, jpegQuality: 80, jpeg: false },
  ])
})

t.test('a topic is encoded as JPEG while a reader wants JPEGs', async (t) => {
  const withJpeg = new Set<string>()
  const changes: string[] = []
  let wanted = ['a', 'b']
  const changed = (topics: string[], jpeg: ReadonlySet<string>) => {
    changes.push(topics.map((topic) => (jpeg.has(topic) ? `${topic}+jpeg` : topic)).join(' '))
  }
  const demand = new Demand(
    () => wanted,
    { changed, refused: () => undefined },
    (topic) => withJpeg.has(topic),
  )
  demand.update()
  withJpeg.add('a')
  demand.update()
  wanted = ['b'] // "a" lingers as it was.
  withJpeg.delete('a')
  demand.update()
  wanted = ['b', 'a']
  demand.update()
  t.strictSame(changes, ['a b', 'a+jpeg b', 'b a+jpeg', 'b a'])
})
