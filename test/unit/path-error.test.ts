import t from 'tap'
import { RelayCannotError } from '../../src/errors.js'
import { readPathError, readPathWarning } from '../../src/mediamtx/path-error.js'

// As MediaMTX 1.20.1 logs them.
const LINES: [string, string, RegExp?][] = [
  ['[path a] [RTSP source] bad status code: 401 (Unauthorized)', 'ERR_SOURCE_UNAUTHORIZED', /: bad status code: 401/],
  ['[path a] [RTSP source] bad status code: 403 (Forbidden)', 'ERR_SOURCE_UNAUTHORIZED'],
  ['[path a] [RTSP source] bad status code: 404 (Not Found)', 'ERR_SOURCE_NOT_FOUND'],
  ['[path a] [RTSP source] bad status code: 453 (Not Enough Bandwidth)', 'ERR_SOURCE_BUSY'],
  ['[path a] [RTSP source] bad status code: 461 (Unsupported transport)', 'ERR_SOURCE_TRANSPORT'],
  ['[path a] [RTSP source] bad status code: 500 (Internal Server Error)', 'ERR_SOURCE_READ'],
  ['[path a] [RTSP source] dial tcp 10.0.0.1:554: i/o timeout', 'ERR_SOURCE_TIMEOUT'],
  ['[path a] [RTSP source] request timed out', 'ERR_SOURCE_TIMEOUT'],
  ['[path a] [RTSP source] dial tcp 127.0.0.1:9: connect: connection refused', 'ERR_SOURCE_UNREACHABLE'],
  ['[path a] [RTSP source] dial tcp 10.0.0.1:554: connect: no route to host', 'ERR_SOURCE_UNREACHABLE'],
  ['[path a] [RTSP source] dial tcp 10.0.0.1:554: connect: network is unreachable', 'ERR_SOURCE_UNREACHABLE'],
  ['[path a] [RTSP source] tls: first record does not look like a TLS handshake', 'ERR_SOURCE_TLS'],
  [
    '[path a] [RTSP source] tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'ERR_SOURCE_TLS',
  ],
  ['[path a] [RTSP source] EOF', 'ERR_SOURCE_READ', /^MediaMTX cannot pull the camera: EOF$/],
  ['[path a] no source', 'ERR_SOURCE_READ', /: no source$/],
]

for (const [line, code, message = /^MediaMTX cannot pull the camera: /] of LINES) {
  t.test(`${line} is ${code}`, async (t) => {
    const read = readPathError(line)
    t.equal(read?.name, 'a')
    t.equal(read?.error.code, code)
    t.match(read?.error.message, message)
  })
}

t.test('lines about other things are not path errors', async (t) => {
  for (const line of [
    '',
    'listen tcp :8554: bind: address already in use',
    '[RTSP] [conn 127.0.0.1] [path a] x',
    '[path a]',
  ])
    t.equal(readPathError(line), null, line)
})

t.test('only what the camera said, not its connection, is what MediaMTX cannot carry', async (t) => {
  const cannot = (reason: string) =>
    readPathError(`[path a] [RTSP source] ${reason}`)?.error instanceof RelayCannotError
  t.ok(cannot('invalid SDP: unable to parse port'))
  t.ok(cannot('media 2 is invalid: clock rate not found'))
  for (const reason of ['EOF', 'read tcp 10.0.0.1:554: connection reset by peer', 'dial tcp: lookup x: no such host'])
    t.notOk(cannot(reason), reason)
})

t.test('a warning that MediaMTX drops packets names the path', async (t) => {
  const message = 'NALU count (22) exceeds maximum allowed (21)'
  for (const text of [`processing error: ${message}`, `2 processing errors, last was: ${message}`]) {
    const { name, error } = readPathWarning(`[path lobby-1] ${text}`)!
    t.equal(name, 'lobby-1')
    t.ok(error instanceof RelayCannotError)
    t.equal(error.message, `MediaMTX cannot relay the camera: ${message}`)
  }
  t.equal(readPathWarning('[path lobby-1] 3 RTP packets lost'), null)
  t.equal(readPathWarning('[path lobby-1] processing error: invalid NALU'), null)
})
