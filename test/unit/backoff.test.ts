// How long a camera waits before its next session.

import t from 'tap'
import { Backoff } from '../../src/cameras/backoff.js'

const waits = (random: number, code: string) => {
  const backoff = new Backoff(() => random)
  return Array.from({ length: 6 }, () => backoff.nextMs(code))
}

t.test('the wait doubles up to a limit, with jitter down to a quarter', async (t) => {
  t.strictSame(waits(1, 'ERR_SOURCE_READ'), [250, 500, 1000, 2000, 2000, 2000])
  t.strictSame(waits(0, 'ERR_SOURCE_READ'), [63, 125, 250, 500, 500, 500])
})

t.test('a camera that only lacks a key frame is retried sooner', async (t) => {
  t.strictSame(waits(1, 'ERR_NO_KEY_FRAME'), [250, 500, 1000, 1000, 1000, 1000])
})

t.test('after refused credentials each wait is 30 s, so that the account is not locked', async (t) => {
  t.strictSame(waits(0, 'ERR_SOURCE_UNAUTHORIZED'), Array(6).fill(30000))
})

t.test('reset() makes the next wait short again', async (t) => {
  const backoff = new Backoff(() => 1)
  backoff.nextMs('ERR_SOURCE_READ')
  t.equal(backoff.nextMs('ERR_SOURCE_READ'), 500)
  backoff.reset()
  t.equal(backoff.nextMs('ERR_SOURCE_READ'), 250)
})
