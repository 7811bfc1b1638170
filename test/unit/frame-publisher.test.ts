// The publisher's view of its subscribers, by real sockets.

import { Subscriber } from 'zeromq'
import t from 'tap'
import { FramePublisher } from '../../src/publish/frame-publisher.js'
import { pause, until } from '../helpers/wait.js'

async function publisher(t: { teardown(run: () => unknown): void }) {
  let prefixes: ReadonlySet<string> = new Set()
  const source = {
    onFrame: () => undefined,
    newest: () => undefined,
    setSubscriptions: (now: ReadonlySet<string>) => (prefixes = now),
  }
  const fail = (line: string) => {
    throw new Error(line)
  }
  const publisher = new FramePublisher(source, { debug: fail, info: fail, warn: fail, error: fail })
  t.teardown(() => publisher.close())
  const [endpoint = ''] = await publisher.bind(['tcp://127.0.0.1:*'])
  const subscribe = (topic: string) => {
    const socket = new Subscriber({ linger: 0 })
    t.teardown(() => socket.close())
    socket.connect(endpoint)
    socket.subscribe(topic)
    return socket
  }
  return { subscribe, prefixes: () => [...prefixes].sort() }
}

t.test('of two subscribers of one topic one leaves: the topic is wanted until the other leaves too', async (t) => {
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
