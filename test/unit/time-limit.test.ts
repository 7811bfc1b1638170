// src/time-limit.ts

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { within } from '../../src/time-limit.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const never = (over: AbortSignal) => once(new EventEmitter(), 'never', { signal: over })

t.test('the limit comes, also after a garbage collection', async (t) => {
  const { signal } = new AbortController()
  const wait = within(300, signal, never)
  setTimeout(collectGarbage, 50)
  setTimeout(collectGarbage, 100)
  await t.rejects(wait, { name: 'AbortError', cause: { name: 'TimeoutError', message: 'no result within 0.3 s' } })
})

t.test('the signal ends the wait sooner', async (t) => {
  const stop = new AbortController()
  const wait = within(60_000, stop.signal, never)
  stop.abort('enough')
  await t.rejects(wait, { name: 'AbortError', cause: 'enough' })
  await t.rejects(within(60_000, stop.signal, never), { cause: 'enough' }, 'or it does not begin')
})

t.test('a wait that ends has its result or error, and leaves no timer and no listener', async (t) => {
  let listeners = 0
  const signal = {
    aborted: false,
    addEventListener: () => listeners++,
    removeEventListener: () => listeners--,
  } as unknown as AbortSignal
  t.equal(await within(60_000, signal, async () => 7), 7)
  await t.rejects(
    within(60_000, signal, async () => Promise.reject(new Error('no'))),
    { message: 'no' },
  )
  t.equal(listeners, 0)
})
