// The pacing of one HTTP reader, with a simulated kernel for cases that are rare with a real one.

import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { NewestFramesResponse, STUCK_LIMIT_MS } from '../../src/http/newest-frames-response.js'
import type { Frame } from '../../src/types.js'
import { pause, until } from '../helpers/wait.js'

const FRAME_BYTES = 40000
const ALWAYS = { current: (topic: string) => ({ topic }) as Frame }

function open(window: () => number, { unacknowledged = (): number => 0, stuckLimitMs = STUCK_LIMIT_MS } = {}) {
  const response = new PassThrough()
  let bytes = 0
  let old = false
  response.on('data', (chunk: Buffer) => (bytes += chunk.length))
  const withSocket = Object.assign(response, { socket: { _handle: { fd: 9 }, setKeepAlive: () => undefined } })
  const stream = new NewestFramesResponse(
    withSocket as unknown as ServerResponse,
    { current: (topic: string) => (old ? undefined : ({ topic } as Frame)) },
    () => Buffer.alloc(FRAME_BYTES),
    () => ({ unacknowledged: unacknowledged(), window: window() }),
    stuckLimitMs,
  )
  const offer = () => stream.offer('a')
  const becomesOld = () => (old = true)
  return {
    offer,
    becomesOld,
    sent: () => bytes / FRAME_BYTES,
    end: () => response.destroy(),
    dropped: () => response.destroyed,
  }
}

t.test('a reader gets nothing until it has read the last frame, then the newest', async (t) => {
  let window = 500000
  const { offer, sent, end } = open(() => window)
  offer()
  await until('the first frame to be taken', () => sent() === 1)
  offer()
  await until('the second', () => sent() === 2)
  window -= 2 * FRAME_BYTES
  offer()
  await pause(50)
  offer()
  offer()
  await pause(500)
  t.ok(sent() <= 3, `${sent()} frames`)
  window = 500000
  await until('what waited to come as one', () => sent() === 4)
  end()
})

t.test('a reader that comes back late gets no frame that has become old meanwhile', async (t) => {
  let unacknowledged = 1
  const { offer, becomesOld, sent, end } = open(() => 500000, { unacknowledged: () => unacknowledged })
  t.teardown(end)
  offer()
  await until('the first frame', () => sent() === 1)
  offer()
  becomesOld() // The camera is away.
  unacknowledged = 0
  await pause(200) // For what must not happen.
  t.equal(sent(), 1)
})

t.test('a window that the kernel shrinks permanently does not stop the frames', async (t) => {
  let window = 123904
  const { offer, sent, end } = open(() => window)
  const timer = setInterval(offer, 50)
  t.teardown(() => clearInterval(timer))
  await until('frames', () => sent() >= 3)
  window = 115712 // Seen on Linux 6.18: one step of 8192.
  const before = sent()
  await until('frames as before', () => sent() >= before + 10, { limitMs: 10000 })
  window = 20000
  const narrow = sent()
  await until('frames after the kernel took more', () => sent() >= narrow + 10, { limitMs: 20000 })
  end()
})

t.test('unacknowledged bytes delay the next frame even if the window is wide', async (t) => {
  let unacknowledged = 1
  const { offer, sent, end } = open(() => 500000, { unacknowledged: () => unacknowledged })
  t.teardown(end)
  offer()
  await until('the first frame', () => sent() === 1)
  offer()
  await pause(200) // For what must not happen.
  t.equal(sent(), 1, 'the first has not arrived')
  unacknowledged = 0
  await until('the second', () => sent() === 2)
})

t.test('a reader that reads nothing for the time limit is disconnected at the next frame', async (t) => {
  t.equal(STUCK_LIMIT_MS, 30000)
  const { offer, dropped, sent, end } = open(() => 500000, { unacknowledged: () => 1, stuckLimitMs: 300 })
  offer()
  await until('the first frame', () => sent() === 1)
  const sentAtMs = performance.now()
  t.teardown(end)
  const timer = setInterval(offer, 20)
  t.teardown(() => clearInterval(timer))
  await until('it to be dropped', dropped)
  t.ok(performance.now() - sentAtMs >= 250, 'not before the limit')
  t.equal(sent(), 1)
})

for (const leave of ['end', 'resetAndDestroy'] as const) {
  t.test(`a reader that leaves (${leave}) during a write after the stream ended`, async (t) => {
    const { stream, reader, closed, errors } = await overTcp(t)
    // More than the kernel takes: the write completes with an error when the reader leaves.
    stream.offer('a')
    stream.offer('b')
    await pause(100)
    stream.end()
    stream.offer('a')
    reader[leave]()
    reader.destroy()
    await until('the response to be closed', closed)
    await pause(50) // For what must not happen.
    t.notMatch(errors.join(), /WRITE_AFTER_END/, 'nothing is written after the end')
  })
}

t.test('a stream that ends disconnects a reader that does not take the rest', async (t) => {
  const { stream, closed } = await overTcp(t, 300)
  stream.offer('a')
  await pause(100)
  stream.end()
  await until('the response to be closed', closed)
})

/** A response with frames of 16 MB to a real client that reads nothing. */
async function overTcp(t: Test, stuckLimitMs = STUCK_LIMIT_MS) {
  let open: (response: ServerResponse) => void = () => undefined
  const opened = new Promise<ServerResponse>((resolve) => (open = resolve))
  const server = createServer((_, response) => open(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const reader = net.connect((server.address() as AddressInfo).port, '127.0.0.1').pause()
  t.teardown(() => reader.destroy())
  reader.on('error', () => undefined)
  reader.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const response = await opened
  const errors: unknown[] = []
  response.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
  const nothingUnread = () => ({ unacknowledged: 0, window: -1 })
  const stream = new NewestFramesResponse(response, ALWAYS, () => Buffer.alloc(16e6), nothingUnread, stuckLimitMs)
  return { stream, reader, errors, closed: () => response.closed }
}
