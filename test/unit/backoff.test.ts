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

t.test('a codec that cannot be used is looked at again every minute', async (t) => {
  t.strictSame(waits(0, 'ERR_CODEC_UNSUPPORTED'), Array(6).fill(60_000))
})

t.test('refused credentials wait 2 min, 5 min, then 30 min each time, until the camera accepts them', async (t) => {
  const backoff = new Backoff(() => 0)
  const wait = (code: string) => backoff.nextMs(code) / 1000
  t.equal(wait('ERR_SOURCE_UNAUTHORIZED'), 120)
  t.equal(wait('ERR_SOURCE_UNAUTHORIZED'), 300)
  t.equal(wait('ERR_SOURCE_UNREACHABLE'), 0.063, 'another failure in between does not begin again')
  t.equal(wait('ERR_SOURCE_UNAUTHORIZED'), 1800)
  t.equal(wait('ERR_SOURCE_UNAUTHORIZED'), 1800)
  backoff.reset()
  t.equal(wait('ERR_SOURCE_UNAUTHORIZED'), 1800)
  backoff.accepted()
  t.equal(wait('ERR_SOURCE_UNAUTHORIZED'), 120)
})

t.test('reset() makes the next wait short again', async (t) => {
  const backoff = new Backoff(() => 1)
  backoff.nextMs('ERR_SOURCE_READ')
  t.equal(backoff.nextMs('ERR_SOURCE_READ'), 500)
  backoff.reset()
  t.equal(backoff.nextMs('ERR_SOURCE_READ'), 250)
})
