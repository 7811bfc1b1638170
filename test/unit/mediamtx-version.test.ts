import t from 'tap'
import { isOlder } from '../../src/mediamtx/binary.js'

t.test('versions of MediaMTX are compared by number', async (t) => {
  t.ok(isOlder('1.9.3', '1.20.1'))
  t.ok(isOlder('1.20.0', '1.20.1'))
  t.notOk(isOlder('1.20.1', '1.20.1'))
  t.notOk(isOlder('1.20.2', '1.20.1'))
  t.notOk(isOlder('2.0.0', '1.20.1'))
})
