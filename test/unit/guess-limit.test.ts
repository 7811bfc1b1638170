// Guesses of a camera's password.

import t from 'tap'
import { GuessLimit } from '../../src/cameras/guess-limit.js'

t.test('five different wrong guesses a minute for one camera, then nothing is answered', async (t) => {
  let nowMs = 0
  const limit = new GuessLimit(() => nowMs)
  const guess = (key: string, credentials: string) => {
    limit.check(key)
    limit.wrong(key, credentials)
  }
  for (let i = 0; i < 100; i++) guess('a', 'the same')
  for (let i = 0; i < 4; i++) guess('a', `guess ${i}`)
  t.throws(() => limit.check('a'), { code: 'ERR_TOO_MANY_GUESSES' })
  t.doesNotThrow(() => limit.check('b'))
  nowMs = 60000
  t.doesNotThrow(() => limit.check('a'))
})
