// The publisher's view of its subscribers, with real sockets.

import net from 'node:net'
import { Subscriber } from 'zeromq'
import t from 'tap'
import type { Frame } from '../../src/types.js'
import { FramePublisher } from '../../src/publish/frame-publisher.js'
import { NO_IPV6 } from '../helpers/ports.js'
import { pause, until } from '../helpers/wait.js'
import { decode } from '../helpers/wire-reader.js'
import { ZmtpPeer } from '../helpers/zmtp-peer.js'

interface Options {
  bind?: string[]
  maxPrefixBytes?: number
  warned?: (line: string) => void
}

function failed(line: string): never {
  throw new Error(line)
}

async function publisher(
  t: { teardown(run: () => unknown): void },
  { bind = ['tcp://127.0.0.1:*'], maxPrefixBytes, warned = failed }: Options = {},
) {
  const prefixes = new Map<string, number>()
  let listener: (frame: Frame) => void = () => undefined
  let newest: Frame | undefined
  const source = {
    onFrame: (onFrame: typeof listener) => void (listener = onFrame),
    current: (topic: string) => (newest?.topic === topic ? newest : undefined),
    setSubscribers: (prefix: string, count: number) =>
      void (count > 0 ? prefixes.set(prefix, count) : prefixes.delete(prefix)),
    clearSubscriptions: () => prefixes.clear(),
  }
  const logger = { debug: failed, info: failed, warn: warned, error: failed }
  const publisher = new FramePublisher(source, logger, maxPrefixBytes)
  t.teardown(() => publisher.close())
  const bound = await publisher.bind(bind)
  const subscribe = (topic: string, endpoint = bound[0]!) => {
    const socket = new Subscriber({ linger: 0, ipv6: endpoint.includes('[') })
    t.teardown(() => socket.close())
    socket.connect(endpoint)
    socket.subscribe(topic)
    return socket
  }
  /** undefined: the last frame has become too old. */
  const put = (seq: number | undefined) => {
    newest = seq === undefined ? undefined : ({ topic: 'a', camera: 'a', seq, jpegBytes: Buffer.alloc(9000) } as Frame)
    if (newest) listener(newest)
  }
  return { bound, subscribe, put, prefixes: () => [...prefixes.keys()].sort(), counts: prefixes }
}

t.test('a topic with two subscribers is wanted until both have left', async (t) => {
  const { subscribe, prefixes, counts } = await publisher(t)
  const first = subscribe('a\0')
  await until('the first', () => prefixes().includes('a\0'))
  const second = subscribe('a\0')
  second.subscribe('b\0') // Comes after its first subscription.
  await until('the second', () => prefixes().includes('b\0'))
  t.equal(counts.get('a\0'), 2)
  first.close()
  await until('the first to leave', () => counts.get('a\0') === 1)
  t.strictSame(prefixes(), ['a\0', 'b\0'])
  second.close()
  await until('nothing to be wanted', () => prefixes().length === 0)
})

t.test('a subscriber that leaves and comes back is noticed both times', async (t) => {
  const { subscribe, prefixes } = await publisher(t)
  for (let round = 0; round < 3; round++) {
    const socket = subscribe('a\0')
    await until('it to come', () => prefixes().includes('a\0'))
    socket.close()
    await until('it to leave', () => prefixes().length === 0)
  }
})

const portOf = (endpoint: string) => endpoint.slice(endpoint.lastIndexOf(':') + 1)

t.test('an IPv6 address is bound, beside IPv4 ones that keep their form', { skip: NO_IPV6 }, async (t) => {
  const { bound, subscribe, prefixes } = await publisher(t, {
    bind: ['tcp://[::1]:*', 'tcp://127.0.0.1:*', 'tcp://0.0.0.0:*'],
  })
  t.match(bound, [/^tcp:\/\/\[::1\]:\d+$/, /^tcp:\/\/127\.0\.0\.1:\d+$/, /^tcp:\/\/0\.0\.0\.0:\d+$/])
  subscribe('a\0', bound[0])
  subscribe('b\0', bound[1])
  await until('both subscribers', () => prefixes().join() === 'a\0,b\0')
})

for (const wildcard of ['tcp://*:*', 'tcp://[::]:*']) {
  t.test(`${wildcard} is reached by IPv4 and IPv6`, { skip: NO_IPV6 }, async (t) => {
    const { bound, subscribe, prefixes } = await publisher(t, { bind: [wildcard] })
    t.match(bound, [/^tcp:\/\/\[::\]:\d+$/])
    subscribe('a\0', `tcp://127.0.0.1:${portOf(bound[0]!)}`)
    subscribe('b\0', `tcp://[::1]:${portOf(bound[0]!)}`)
    await until('both subscribers', () => prefixes().join() === 'a\0,b\0')
  })
}

t.test('tcp://* is reached by IPv4, with and without IPv6 on the machine', async (t) => {
  const { bound, subscribe, prefixes } = await publisher(t, { bind: ['tcp://*:*'] })
  subscribe('a\0', `tcp://127.0.0.1:${portOf(bound[0]!)}`)
  await until('the subscriber', () => prefixes().join() === 'a\0')
})

t.test('a new subscriber gets the newest frame at once, and none that has become old', async (t) => {
  const { subscribe, put, prefixes } = await publisher(t)
  put(1)
  const first = subscribe('a\0')
  t.equal(decode((await first.receive())[0] as Buffer).header.seq, 1)
  put(undefined)
  const second = subscribe('a\0')
  second.subscribe('b\0')
  await until('the second', () => prefixes().includes('b\0'))
  put(2)
  t.equal(decode((await second.receive())[0] as Buffer).header.seq, 2)
})

t.test('a frame that becomes old while it waits to be sent is not sent', async (t) => {
  const { subscribe, put, prefixes } = await publisher(t)
  const reader = subscribe('a\0')
  await until('it', () => prefixes().length === 1)
  put(1)
  put(2) // Waits for the first.
  put(undefined)
  await pause(50)
  put(3)
  const got = [await reader.receive(), await reader.receive()].map(([message]) => decode(message as Buffer).header.seq)
  t.strictSame(got, [1, 3])
})

t.test('repeated subscriptions do not multiply the frames', async (t) => {
  const { bound, subscribe, put } = await publisher(t)
  put(1)
  let count = 0
  const reader = subscribe('a\0')
  const next = (): Promise<void> => reader.receive().then(() => (count++, next()))
  void next().catch(() => undefined)
  await until('the first', () => count > 0)
  const peer = await ZmtpPeer.connect(bound[0]!)
  t.teardown(() => peer.close())
  for (let i = 0; i < 500; i++) peer.subscribe('a\0')
  await pause(450) // For what must not happen.
  t.ok(count <= 8, `${count} times in half a second`)
})

t.test('a message longer than any subscription ends its connection', async (t) => {
  const { bound, subscribe, prefixes } = await publisher(t)
  const peer = await ZmtpPeer.connect(bound[0]!)
  t.teardown(() => peer.close())
  peer.subscribe('x'.repeat(4_000_000))
  await until('the connection to end', () => peer.closed)
  subscribe('a\0')
  await until('another subscriber', () => prefixes().includes('a\0'))
  t.strictSame(prefixes(), ['a\0'])
})

t.test('a connection that does not complete the handshake ends after 5 s', async (t) => {
  const { bound } = await publisher(t)
  const { hostname, port } = new URL(bound[0]!.replace('tcp:', 'http:'))
  const socket = net.connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.resume()
  socket.write(Buffer.from([0xff])) // A greeting begins.
  const begunAtMs = performance.now()
  await until('its end', () => socket.destroyed, { limitMs: 15000 })
  t.ok(performance.now() - begunAtMs > 3000)
})

t.test('too many prefixes disconnect all subscribers once; those of good faith come back', async (t) => {
  const warnings: string[] = []
  const { bound, subscribe, put, prefixes } = await publisher(t, {
    maxPrefixBytes: 20000,
    warned: (line) => warnings.push(line),
  })
  const honest = subscribe('a\0').receive() // Only a socket that receives subscribes again.
  await until('it', () => prefixes().length === 1)
  const peer = await ZmtpPeer.connect(bound[0]!)
  t.teardown(() => peer.close())
  for (let i = 0; i < 1000; i++) peer.subscribe(`camera-${i}\0`)
  await until('its connection to end', () => peer.closed)
  await until('the honest one to be back', () => prefixes().join() === 'a\0')
  put(7)
  t.equal(decode((await honest)[0] as Buffer).header.seq, 7)
  t.match(warnings, [/too many topics/])
})
