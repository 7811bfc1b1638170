// MediaRelay with a stand-in for MediaMTX's API, for cases that are rare with a real one.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { MediaRelay, type RelaySettings } from '../../src/mediamtx/relay.js'
import { until } from '../helpers/wait.js'

const HEALTH_EVERY_MS = 10

interface StandIn {
  address: string
  /** Health checks so far. */
  checks: number
  /** Whether a health check fails. */
  fails(check: number): boolean
  readers: string[]
  /** How many questions after a path it answers before the path exists. */
  missing: number
  /** Methods and paths that change something. */
  calls: string[]
  authorization: string | undefined
}

async function standIn(t: { teardown(run: () => unknown): void }): Promise<StandIn> {
  const self: StandIn = {
    address: '',
    checks: 0,
    fails: () => false,
    readers: [],
    missing: 0,
    calls: [],
    authorization: undefined,
  }
  const answer = (request: IncomingMessage): unknown => {
    const path = request.url!.split('?')[0]
    self.authorization = request.headers.authorization
    if (request.method !== 'GET') self.calls.push(`${request.method} ${path}`)
    if (path === '/v3/info') return { version: 'v1.20.1' }
    if (path === '/v3/config/global/get') return { rtspAddress: ':9554', hlsAddress: ':9888', webrtcAddress: ':9889' }
    if (path === '/v3/config/paths/list') return self.fails(++self.checks) ? null : { items: [] }
    if (path?.startsWith('/v3/paths/get/')) return self.missing-- > 0 ? null : {}
    if (path === '/v3/paths/list') return { items: [{ name: 'a', readers: self.readers.map((type) => ({ type })) }] }
    return {}
  }
  const server = createServer((request, response) => {
    const body = answer(request)
    response.writeHead(body === null ? 500 : 200).end(JSON.stringify(body ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => (server.closeAllConnections(), server.close()))
  self.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return self
}

async function relayTo(t: { teardown(run: () => unknown): void }, api: string, settings: Partial<RelaySettings> = {}) {
  const log: string[] = []
  const add = (line: string) => log.push(line)
  const relay = new MediaRelay(
    { mediamtx: 'external', mediamtxApi: api, ...settings },
    {
      configFile: '',
      env: {},
      logger: { debug: add, info: add, warn: add, error: add },
      healthEveryMs: HEALTH_EVERY_MS,
    },
  )
  t.teardown(() => relay.close())
  await relay.start()
  return { relay, log }
}

t.test('MediaMTX stays ready if it fails every second health check', async (t) => {
  const api = await standIn(t)
  api.fails = (check) => check % 2 === 0
  const { relay, log } = await relayTo(t, api.address)
  t.equal(relay.ready, true)
  await until('20 checks', () => api.checks >= 20)
  t.equal(relay.ready, true)
  t.equal(log.filter((line) => line.includes('is ready')).length, 1)
  t.notMatch(log.join('\n'), /stopped responding/)
})

t.test('after three failures in a row MediaMTX is not ready, with the reason, until it responds again', async (t) => {
  const api = await standIn(t)
  const { relay, log } = await relayTo(t, api.address)
  await until('a check', () => api.checks > 0)
  let failures = 0
  const lost = () => log.some((line) => line.includes('MediaMTX stopped responding'))
  api.fails = () => !lost() && ++failures > 0
  await until('the loss', lost)
  t.equal(failures, 3)
  await until('it to be ready again', () => relay.ready)
  t.equal(relay.problem, null)
})

t.test('addPath waits until MediaMTX is ready or its signal is aborted', async (t) => {
  const api = await standIn(t)
  const { relay } = await relayTo(t, 'http://127.0.0.1:9')
  t.match(relay.problem, /does not respond/)
  const stop = new AbortController()
  const adding = relay.addPath(
    'a',
    'rtsp://h/',
    { cameraTime: false, transport: 'tcp', tlsFingerprint: null, gatewayReads: true },
    stop.signal,
  )
  stop.abort()
  await t.rejects(adding, { code: 'ERR_MEDIAMTX_DOWN', message: /^MediaMTX is unavailable: .*does not respond/ })
  t.strictSame(api.calls, [])
})

t.test("readers do not include the gateway's own session", async (t) => {
  const api = await standIn(t)
  const { relay } = await relayTo(t, api.address)
  t.strictSame(relay.readers('a'), { webrtc: 0, hls: 0, rtsp: 0 })
  const add = (gatewayReads: boolean) => {
    const path = { cameraTime: false, transport: 'tcp', tlsFingerprint: null, gatewayReads } as const
    return relay.addPath('a', 'rtsp://h/a', path, new AbortController().signal)
  }
  await add(true)
  api.readers = ['rtspSession']
  const seen = api.checks
  await until('two checks', () => api.checks > seen + 1)
  t.strictSame(relay.readers('a'), { webrtc: 0, hls: 0, rtsp: 0 }, 'its own alone')
  api.readers = ['rtspSession', 'rtspsSession', 'webRTCSession', 'hlsMuxer', 'other']
  await until('the readers', () => relay.readers('a').hls === 1)
  t.strictSame(relay.readers('a'), { webrtc: 1, hls: 1, rtsp: 1 })
  await add(false)
  t.strictSame(relay.readers('a'), { webrtc: 1, hls: 1, rtsp: 2 }, 'it has none if it does not read the path')
})

t.test('MEDIAMTX_API with user and password, MEDIAMTX_RTSP', async (t) => {
  const api = await standIn(t)
  const address = api.address.replace('//', '//admin:p%40ss@')
  const { relay, log } = await relayTo(t, address, { mediamtxRtsp: 'rtsp://media.lan:554' })
  t.equal(api.authorization, `Basic ${Buffer.from('admin:p@ss').toString('base64')}`)
  t.equal(relay.readUrl('a'), 'rtsp://media.lan:554/a')
  await relay.addPath(
    'a',
    'rtsp://h/',
    { cameraTime: false, transport: 'tcp', tlsFingerprint: null, gatewayReads: true },
    new AbortController().signal,
  )
  await relay.removePath('a')
  t.match(api.calls, ['POST /v3/config/paths/replace/a', 'DELETE /v3/config/paths/delete/a'])
  t.notMatch(log.join('\n'), /p@ss|p%40ss/)
})

t.test('addPath waits until MediaMTX serves the path', async (t) => {
  const api = await standIn(t)
  const { relay } = await relayTo(t, api.address)
  api.missing = 3
  await relay.addPath(
    'a',
    'rtsp://h/a',
    { cameraTime: false, transport: 'tcp', tlsFingerprint: null, gatewayReads: true },
    AbortSignal.timeout(20000),
  )
  t.ok(api.missing < 0, 'it asked until the path was there')
})
