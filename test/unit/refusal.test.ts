// When an HTTP reader gets an error at once because the camera refuses, and when it waits for the camera to return.

import t from 'tap'
import { lastingRefusal } from '../../src/cameras/refusal.js'
import type { CameraErrorCode } from '../../src/error-codes.js'
import type { CameraState } from '../../src/types.js'

const NOW_MS = 1e12

function refuses(code: CameraErrorCode | null, state: CameraState, everLive: boolean, forMs = 0): boolean {
  const lastError = code && { code, message: 'why', sinceMs: NOW_MS - forMs }
  return lastingRefusal({ state, lastError, everLive }, NOW_MS) !== null
}

t.test('a camera refuses if waiting brings no frame', async (t) => {
  const cases: [string, boolean, boolean][] = [
    ['connecting', refuses(null, 'connecting', false), false],
    ['connecting again, with the old error', refuses('ERR_SOURCE_UNAUTHORIZED', 'connecting', false), false],
    ['live', refuses(null, 'live', true), false],
    ['a stall', refuses('ERR_SOURCE_SILENT', 'stalled', true, 60000), false],
    ['a wrong password', refuses('ERR_SOURCE_UNAUTHORIZED', 'retrying', false), true],
    ['a password that was changed', refuses('ERR_SOURCE_UNAUTHORIZED', 'retrying', true), true],
    ['another certificate', refuses('ERR_SOURCE_TLS', 'retrying', true), true],
    ['no such path, never live', refuses('ERR_SOURCE_NOT_FOUND', 'retrying', false), true],
    ['no such path, while it boots', refuses('ERR_SOURCE_NOT_FOUND', 'retrying', true, 4000), false],
    ['no such path, for long', refuses('ERR_SOURCE_NOT_FOUND', 'retrying', true, 6000), true],
    ['never reached', refuses('ERR_SOURCE_UNREACHABLE', 'retrying', false), true],
    ['a short reconnect', refuses('ERR_SOURCE_CLOSED', 'retrying', true), false],
    ['a reboot', refuses('ERR_SOURCE_UNREACHABLE', 'retrying', true, 60000), false],
    ['busy, never live', refuses('ERR_SOURCE_BUSY', 'retrying', false), false],
    ['another transport is next', refuses('ERR_SOURCE_TRANSPORT', 'retrying', false), false],
    ['MediaMTX starts', refuses('ERR_MEDIAMTX_DOWN', 'retrying', false), false],
    ['set aside', refuses('ERR_SET_ASIDE', 'stopped', true), true],
  ]
  for (const [what, got, expected] of cases) t.equal(got, expected, what)
})
