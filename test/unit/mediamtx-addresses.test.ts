import t from 'tap'
import { DEFAULT_ADDRESSES, publicUrls, reachable, readUrl } from '../../src/mediamtx/addresses.js'
import { managedEnvironment, startError } from '../../src/mediamtx/managed.js'

t.test('the address to connect to for a listen address', async (t) => {
  const cases = [
    [':9997', '127.0.0.1:9997'],
    ['0.0.0.0:9997', '127.0.0.1:9997'],
    ['[::]:9997', '127.0.0.1:9997'],
    ['127.0.0.1:9997', '127.0.0.1:9997'],
    ['10.0.0.7:9997', '10.0.0.7:9997'],
    ['[::1]:9997', '[::1]:9997'],
    ['mediamtx.lan:9997', 'mediamtx.lan:9997'],
  ]
  for (const [address, expected] of cases) t.equal(reachable(address!), expected)
})

t.test('where the gateway reads a path', async (t) => {
  t.equal(readUrl('a', DEFAULT_ADDRESSES), 'rtsp://127.0.0.1:8554/a')
  t.equal(readUrl('a', { ...DEFAULT_ADDRESSES, rtspAddress: '10.0.0.7:9554' }), 'rtsp://10.0.0.7:9554/a')
  t.equal(readUrl('a', DEFAULT_ADDRESSES, 'rtsp://media.lan:554/'), 'rtsp://media.lan:554/a', 'MEDIAMTX_RTSP')
})

t.test('addresses for browsers and players', async (t) => {
  const at = { rtspAddress: ':9554', hlsAddress: '10.0.0.7:9888', webrtcAddress: ':9889' }
  t.strictSame(publicUrls('a', at, {}, 'gateway.lan'), {
    webrtcWhep: 'http://gateway.lan:9889/a/whep',
    hls: 'http://gateway.lan:9888/a/index.m3u8',
    rtsp: 'rtsp://gateway.lan:9554/a',
  })
  t.strictSame(
    publicUrls(
      'a',
      { ...at, webrtcEncryption: true, hls: false },
      { mediamtxPublicHost: 'example.com' },
      'gateway.lan',
    ),
    { webrtcWhep: 'https://example.com:9889/a/whep', hls: null, rtsp: 'rtsp://example.com:9554/a' },
  )
  const proxy = { mediamtxPublicWebrtc: 'https://example.com/webrtc/', mediamtxPublicHls: 'https://example.com/hls' }
  t.strictSame(publicUrls('a', { ...at, webrtc: false }, proxy, 'h'), {
    webrtcWhep: null,
    hls: 'https://example.com/hls/a/index.m3u8',
    rtsp: 'rtsp://h:9554/a',
  })
  t.equal(publicUrls('a', at, proxy, 'h').webrtcWhep, 'https://example.com/webrtc/a/whep')
})

t.test('the environment of a managed MediaMTX', async (t) => {
  const none = managedEnvironment({}, { PATH: '/bin' }, 'pw')
  t.match(none, { PATH: '/bin', MTX_APIADDRESS: '127.0.0.1:9997', MTX_AUTHINTERNALUSERS_1_PASS: 'pw' })
  t.notOk('MTX_RTSPADDRESS' in none, 'mediamtx.yaml says where it listens')
  const settings = { mediamtxApi: 'http://127.0.0.1:9998', mediamtxRtsp: 'rtsp://127.0.0.1:9554' }
  t.match(managedEnvironment(settings, {}, 'pw'), { MTX_APIADDRESS: '127.0.0.1:9998', MTX_RTSPADDRESS: ':9554' })
  const env = { MTX_APIADDRESS: ':7', MTX_RTSPADDRESS: ':8', MTX_API: 'no', MTX_AUTHINTERNALUSERS_1_PASS: 'known' }
  t.match(
    managedEnvironment(settings, env, 'pw'),
    { MTX_APIADDRESS: ':7', MTX_RTSPADDRESS: ':8', MTX_API: 'yes', MTX_AUTHINTERNALUSERS_1_PASS: 'pw' },
    'its own variables come first, but for those that the gateway needs',
  )
})

t.test('a start error names the setting that changes the port', async (t) => {
  const inUse = (port: number) => `listen tcp :${port}: bind: address already in use`
  t.match(startError({}, inUse(8554)), {
    code: 'ERR_BIND',
    message: /port 8554 \(tcp\).*set MTX_RTSPADDRESS to another/,
  })
  t.match(startError({ MTX_HLSADDRESS: ':7001' }, inUse(7001)), { message: /set MTX_HLSADDRESS/ })
  t.match(startError({}, inUse(7002)), { message: /set the MTX_\.\.\.ADDRESS variable/ })
  t.match(startError({}, 'listen udp :8189: bind: address already in use'), {
    message: /port 8189 \(udp\).*MTX_WEBRTCLOCALUDPADDRESS/,
  })
  t.match(startError({}, 'json: unknown field "x"'), { code: 'ERR_MEDIAMTX_START', message: /did not start: json/ })
})
