// Requests that arrive together leave room for frames between them.

import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { Turns } from '../../src/http/turns.js'

const spin = (ms: number) => {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

t.test(
  'of requests that arrive together, one begins at a time, and the loop is free for as long after it',
  async (t) => {
    const turns = new Turns()
    const order: string[] = []
    let endedAtMs = 0
    for (const name of ['first', 'second', 'third'])
      turns.begin('a', () => {
        if (endedAtMs > 0) t.ok(performance.now() - endedAtMs > 18, `${name} waits as long as the one before took`)
        order.push(name)
        spin(20)
        endedAtMs = performance.now()
        return true
      })
    t.strictSame(order, ['first'], 'a request alone waits for nothing')
    while (order.length < 3) await nextTurn()
    t.strictSame(order, ['first', 'second', 'third'])
  },
)

t.test('a client with one request waits for one request of each other client', async (t) => {
  const turns = new Turns()
  const order: string[] = []
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) turns.begin(name[0]!, () => order.push(name) > 0)
  while (order.length < 7) await nextTurn()
  t.strictSame(order, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
})

t.test('a request that fails does not hold up the next one', async (t) => {
  const turns = new Turns()
  let begun = false
  t.throws(() =>
    turns.begin('a', () => {
      throw new Error('planted')
    }),
  )
  turns.begin('a', () => (begun = true))
  while (!begun) await nextTurn()
})

t.test('a client that has used much waits, and others do not wait for it', async (t) => {
  const turns = new Turns()
  const order: string[] = []
  const cpuMs = () => process.cpuUsage().user / 1000
  turns.begin('a', () => {
    for (const endMs = cpuMs() + 300; cpuMs() < endMs;);
    return true
  })
  for (const name of ['a', 'b', 'b', 'c']) turns.begin(name, () => order.push(name) > 0)
  while (order.length < 4) await nextTurn()
  t.strictSame(order, ['b', 'c', 'b', 'a'])
})

t.test('a request whose client has gone takes no turn', (t) => {
  const turns = new Turns()
  const order: string[] = []
  turns.begin('a', () => false)
  turns.begin('a', () => order.push('a') > 0)
  t.strictSame(order, ['a'])
  t.end()
})
