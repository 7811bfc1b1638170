import t from 'tap'
import { DEMO_PORT } from '../../src/demo.js'
import { DEFAULT_ADDRESSES, LISTENERS, portOf, publicUrls, reachable, readUrl } from '../../src/mediamtx/addresses.js'
import { exposedSetting } from '../../src/exposure.js'
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

const hook = { address: 'http://127.0.0.1:1/secret', own: { user: 'framegate', password: 'pw' } }

t.test('the environment of a managed MediaMTX', async (t) => {
  const none = managedEnvironment({}, { PATH: '/bin' }, hook)
  t.match(none, { PATH: '/bin', MTX_APIADDRESS: '127.0.0.1:9997', MTX_AUTHHTTPADDRESS: hook.address })
  const settings = { mediamtxApi: 'http://127.0.0.1:9998', mediamtxRtsp: 'rtsp://127.0.0.1:9554' }
  t.match(managedEnvironment(settings, {}, hook), {
    MTX_APIADDRESS: '127.0.0.1:9998',
    MTX_RTSPADDRESS: '127.0.0.1:9554',
  })
  const env = {
    MTX_APIADDRESS: ':7',
    MTX_RTSPADDRESS: '10.0.0.1:8',
    MTX_API: 'no',
    MTX_AUTHMETHOD: 'internal',
    MTX_AUTHHTTPADDRESS: 'http://127.0.0.1:2',
  }
  t.match(
    managedEnvironment(settings, env, hook),
    {
      MTX_APIADDRESS: ':7',
      MTX_RTSPADDRESS: '10.0.0.1:8',
      MTX_API: 'yes',
      MTX_AUTHMETHOD: 'http',
      MTX_AUTHHTTPADDRESS: hook.address,
    },
    'its own variables come first, but for those that the gateway needs',
  )
})

t.test('the ports for readers listen on HTTP_HOST, by default on loopback', async (t) => {
  const listeners = (httpHost: string | undefined, env: NodeJS.ProcessEnv = {}) =>
    Object.entries<string | undefined>(managedEnvironment({ httpHost }, env, hook))
      .filter(([name]) => /^MTX_\w+ADDRESS$/.test(name) && !/API|AUTH/.test(name))
      .map(([, address]) => address!)
  t.ok(listeners(undefined).length >= 6)
  for (const address of listeners(undefined)) t.match(address, /^(127\.0\.0\.1:\d+)?$/)
  for (const address of listeners('0.0.0.0')) t.match(address, /^(0\.0\.0\.0:\d+)?$/)
  for (const address of listeners('::')) t.match(address, /^(\[::\]:\d+)?$/)
  for (const address of listeners('[::1]')) t.match(address, /^(\[::1\]:\d+)?$/)
  const more = ['RTMP', 'RTMPS', 'SRT', 'PLAYBACK', 'METRICS', 'PPROF'].map((name) => `MTX_${name}ADDRESS`)
  t.ok(
    more.every((name) => managedEnvironment({}, {}, hook)[name]?.startsWith('127.0.0.1:')),
    'also what an operator may switch on',
  )
  for (const name of more)
    t.equal(
      exposedSetting({ httpHost: '127.0.0.1', mediamtx: 'managed' }, { [name]: '0.0.0.0:1' }),
      `${name}=0.0.0.0:1`,
    )
  t.ok(listeners('10.0.0.7', { MTX_RTSPADDRESS: ':9554' }).includes('10.0.0.7:9554'))
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

t.test("PORT_OFFSET moves all of MediaMTX's default ports, and no port that is given", async (t) => {
  const hook = { address: 'http://127.0.0.1:1', own: { user: 'u', password: 'p' } }
  const env = managedEnvironment({ portOffset: 100 }, { MTX_HLSADDRESS: ':7000' }, hook)
  t.match(env, {
    MTX_APIADDRESS: '127.0.0.1:10097',
    MTX_RTSPADDRESS: '127.0.0.1:8654',
    MTX_WEBRTCADDRESS: '127.0.0.1:8989',
    MTX_WEBRTCLOCALUDPADDRESS: '127.0.0.1:8289',
    MTX_HLSADDRESS: '127.0.0.1:7000',
    MTX_RTPADDRESS: '127.0.0.1:8100',
  })
  t.equal(env.MTX_WEBRTCLOCALTCPADDRESS, undefined, 'what is off stays off')
})

t.test('gateways with offsets of 0, 100, 200, ... share no port', async (t) => {
  const udp = /UDP|RTP|RTCP|SRT/
  const tcp = Object.entries(LISTENERS).filter(([name, address]) => address !== '' && !udp.test(name))
  const ports = [8090, 5555, DEMO_PORT, ...tcp.map(([, address]) => Number(portOf(address)))]
  const all = Array.from({ length: 10 }, (_, i) => ports.map((port) => port + 100 * i)).flat()
  t.strictSame(
    all.filter((port, i) => all.indexOf(port) !== i),
    [],
  )
})
