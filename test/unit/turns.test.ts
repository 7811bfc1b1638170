// Requests that arrive together leave room for frames between them.

import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { Turns } from '../../src/http/turns.js'

t.test('of requests that arrive together, one begins in each turn of the event loop', async (t) => {
  const turns = new Turns()
  const order: string[] = []
  for (const name of ['first', 'second', 'third']) turns.begin(() => order.push(name))
  t.strictSame(order, ['first'], 'a request alone waits for nothing')
  setImmediate(() => order.push('frame'))
  while (order.length < 4) await nextTurn()
  t.strictSame(order, ['first', 'second', 'frame', 'third'])
  for (let turn = 0; turn < 2; turn++) await nextTurn()
  turns.begin(() => order.push('fourth'))
  t.equal(order.at(-1), 'fourth', 'at once: the turn is free again')
})

t.test('a request that fails does not hold up the next one', async (t) => {
  const turns = new Turns()
  let begun = false
  t.throws(() =>
    turns.begin(() => {
      throw new Error('planted')
    }),
  )
  turns.begin(() => (begun = true))
  while (!begun) await nextTurn()
})
