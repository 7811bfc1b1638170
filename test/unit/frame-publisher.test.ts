// The publisher's view of its subscribers, with real sockets.

import { Subscriber } from 'zeromq'
import t from 'tap'
import { FramePublisher } from '../../src/publish/frame-publisher.js'
import { NO_IPV6 } from '../helpers/ports.js'
import { pause, until } from '../helpers/wait.js'

async function publisher(t: { teardown(run: () => unknown): void }, bind = ['tcp://127.0.0.1:*']) {
  let prefixes: ReadonlySet<string> = new Set()
  const source = {
    onFrame: () => undefined,
    current: () => undefined,
    setSubscriptions: (now: ReadonlySet<string>) => (prefixes = now),
  }
  const fail = (line: string) => {
    throw new Error(line)
  }
  const publisher = new FramePublisher(source, { debug: fail, info: fail, warn: fail, error: fail })
  t.teardown(() => publisher.close())
  const bound = await publisher.bind(bind)
  const subscribe = (topic: string, endpoint = bound[0]!) => {
    const socket = new Subscriber({ linger: 0, ipv6: endpoint.includes('[') })
    t.teardown(() => socket.close())
    socket.connect(endpoint)
    socket.subscribe(topic)
    return socket
  }
  return { bound, subscribe, prefixes: () => [...prefixes].sort() }
}

t.test('a topic with two subscribers is wanted until both have left', async (t) => {
  const { subscribe, prefixes } = await publisher(t)
  const first = subscribe('a\0')
  await until('the first', () => prefixes().includes('a\0'))
  const second = subscribe('a\0')
  second.subscribe('b\0') // Comes after its first subscription.
  await until('the second', () => prefixes().includes('b\0'))
  first.close()
  await pause(500) // For what must not happen.
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
  const { bound, subscribe, prefixes } = await publisher(t, ['tcp://[::1]:*', 'tcp://127.0.0.1:*', 'tcp://0.0.0.0:*'])
  t.match(bound, [/^tcp:\/\/\[::1\]:\d+$/, /^tcp:\/\/127\.0\.0\.1:\d+$/, /^tcp:\/\/0\.0\.0\.0:\d+$/])
  subscribe('a\0', bound[0])
  subscribe('b\0', bound[1])
  await until('both subscribers', () => prefixes().join() === 'a\0,b\0')
})

for (const wildcard of ['tcp://*:*', 'tcp://[::]:*']) {
  t.test(`${wildcard} is reached by IPv4 and IPv6`, { skip: NO_IPV6 }, async (t) => {
    const { bound, subscribe, prefixes } = await publisher(t, [wildcard])
    t.match(bound, [/^tcp:\/\/\[::\]:\d+$/])
    subscribe('a\0', `tcp://127.0.0.1:${portOf(bound[0]!)}`)
    subscribe('b\0', `tcp://[::1]:${portOf(bound[0]!)}`)
    await until('both subscribers', () => prefixes().join() === 'a\0,b\0')
  })
}

t.test('tcp://* is reached by IPv4, with and without IPv6 on the machine', async (t) => {
  const { bound, subscribe, prefixes } = await publisher(t, ['tcp://*:*'])
  subscribe('a\0', `tcp://127.0.0.1:${portOf(bound[0]!)}`)
  await until('the subscriber', () => prefixes().join() === 'a\0')
})
