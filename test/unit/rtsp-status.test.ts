import t from 'tap'
import { codeOfRtspStatus } from '../../src/rtsp-status.js'

const CODES: [number, ReturnType<typeof codeOfRtspStatus>][] = [
  [200, null],
  [302, null],
  [400, null],
  [401, 'ERR_SOURCE_UNAUTHORIZED'],
  [403, 'ERR_SOURCE_UNAUTHORIZED'],
  [404, 'ERR_SOURCE_NOT_FOUND'],
  [453, 'ERR_SOURCE_BUSY'],
  [454, 'ERR_SOURCE_NOT_FOUND'],
  [461, 'ERR_SOURCE_TRANSPORT'],
  [500, null],
  [503, 'ERR_SOURCE_BUSY'],
  [NaN, null],
]

for (const [status, code] of CODES) {
  t.test(`RTSP ${status} is ${code}`, async (t) => {
    t.equal(codeOfRtspStatus(status), code)
  })
}
