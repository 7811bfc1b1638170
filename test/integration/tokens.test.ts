// A gateway with AUTH_TOKENS_FILE: what one can do without a token, with a viewer's and with an admin's; at MediaMTX too.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'

const VIEWER = 'viewer-'.padEnd(40, 'v')
const ADMIN = 'admin-'.padEnd(40, 'a')
const folder = temporaryFolder(t)
const tokensFile = join(folder, 'tokens')
writeFileSync(tokensFile, `viewer ${VIEWER}\nadmin ${ADMIN}\n`, { mode: 0o600 })

const gateway = await Gateway.start({
  stateFile: join(folder, 'cameras.json'),
  env: { AUTH_TOKENS_FILE: tokensFile, LOG_LEVEL: 'debug' },
})
t.teardown(() => gateway.stop())
const camera = await TestCamera.start({ width: 320, height: 180, fps: 25, gop: 25, 'bitrate-kbps': 300 })
t.teardown(() => camera.stop())

async function call(path: string, { token = '', body = undefined as object | undefined, headers = {} } = {}) {
  const authorization: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` }
  const signal = AbortSignal.timeout(20000)
  const options = body ? { method: 'POST', body: JSON.stringify(body) } : {}
  const response = await fetch(gateway.base + path, { ...options, headers: { ...authorization, ...headers }, signal })
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('multipart') || type.startsWith('application/octet')) await response.body!.cancel()
  const json: any = type.startsWith('application/json') ? await response.json() : null
  return { status: response.status, headers: response.headers, body: json }
}

await call('/cameras/start', { token: ADMIN, body: { name: 'a', rtsp: camera.url } })
const described = async () => (await call('/cameras/a', { token: VIEWER })).body.camera
await until('the camera to be live', async () => (await described()).state === 'live', { limitMs: 30000 })

const READS = [
  '/cameras',
  '/cameras/a',
  '/cameras/none',
  '/cameras/a/events',
  '/settings',
  '/snapshot?cam=a',
  '/mjpeg?cam=a',
  '/frames?cam=a',
  '/metrics',
  '/nothing',
]
const STOP = { name: 'a' }

t.test('without a token: nothing but that it runs', async (t) => {
  for (const token of ['', 'x'.repeat(40), `${VIEWER}x`]) {
    for (const path of [...READS, '/CAMERAS', '/cameras/', '//cameras']) {
      const { status, body, headers } = await call(path, { token })
      t.match({ status, body }, { status: 401, body: { code: 'ERR_UNAUTHORIZED' } }, path)
      t.match(headers.get('www-authenticate'), /^Bearer/)
    }
    for (const path of ['/cameras/start', '/cameras/stop', '/Cameras/Stop', '/tickets'])
      t.equal((await call(path, { token, body: STOP })).status, 401, path)
    for (const path of ['/health', '/health/live', '/health/ready'])
      t.same((await call(path, { token })).body, { ok: true })
    t.same((await call('/session', { token })).body, { ok: true, token_required: true, role: null })
  }
  for (const path of ['/', '/docs', '/openapi.json']) t.equal((await call(path)).status, 200, path)
})

t.test('a viewer watches and changes nothing, an admin does both', async (t) => {
  for (const path of READS.filter((path) => !/none|nothing|settings/.test(path)))
    t.equal((await call(path, { token: VIEWER })).status, 200, path)
  for (const path of ['/settings', '/Settings', '/settings/'])
    t.match(await call(path, { token: VIEWER }), { status: 403, body: { code: 'ERR_FORBIDDEN' } })
  t.match(await call('/settings', { token: ADMIN }), { status: 200, body: { file: null } })
  const started = async (token: string) => (await call('/cameras/a/events', { token })).body.events.at(-1)
  t.match(await started(VIEWER), { kind: 'started', by: null })
  t.match(await started(ADMIN), { kind: 'started', by: / at 127\.0\.0\.1$/ })
  const start = { name: 'b', rtsp: 'rtsp://127.0.0.1:9/' }
  for (const [path, body] of [
    ['/cameras/start', start],
    ['/cameras/stop', STOP],
  ] as const)
    // prettier-ignore
    t.match(await call(path, { token: VIEWER, body }), { status: 403, body: { code: 'ERR_FORBIDDEN' } })
  t.match((await call('/health', { token: VIEWER })).body, { cameras: { live: 1 } })
  const basic = { authorization: `Basic ${Buffer.from(`any:${VIEWER}`).toString('base64')}` }
  t.equal((await call('/cameras', { headers: basic })).status, 200, 'as the password of Basic')
  t.equal((await call('/cameras/start', { token: ADMIN, body: start })).status, 200)
  t.equal((await call('/cameras/stop', { token: ADMIN, body: { name: 'b' } })).status, 200)
})

t.test('the page signs in with a cookie, which no other page can use', async (t) => {
  t.equal((await call('/sign-in', { body: { token: 'wrong' } })).status, 401)
  const signedIn = await call('/sign-in', { body: { token: VIEWER } })
  t.match(signedIn.body, { ok: true, role: 'viewer' })
  const header = signedIn.headers.get('set-cookie') ?? ''
  t.match(header, /^framegate_\d+=[\w-]{32};.*samesite=strict;.*httponly/i)
  const cookie = header.split(';')[0]!
  const origin = new URL(gateway.base).origin
  t.equal((await call('/cameras', { headers: { cookie } })).status, 200)
  t.equal((await call('/cameras', { headers: { cookie, origin } })).status, 200)
  t.equal((await call('/cameras', { headers: { cookie, origin: 'http://localhost:5173' } })).status, 401)
  t.match((await call('/session', { headers: { cookie } })).body, { role: 'viewer' })
  t.equal((await call('/cameras/stop', { headers: { cookie }, body: STOP })).status, 403)
  t.equal((await call('/sign-out', { headers: { cookie }, body: {} })).status, 200)
  t.equal((await call('/cameras', { headers: { cookie } })).status, 401)
})

t.test('a ticket opens the frames of one camera, and no more', async (t) => {
  const made = await call('/tickets', { token: VIEWER, body: { name: 'a', valid_s: 60 } })
  t.match(made, { status: 200, body: { ok: true, expires_at: /^20/ } })
  const { ticket } = made.body
  for (const path of ['/snapshot?cam=a', '/mjpeg?cam=a', '/frames?cam=a&cam=a@160w5fps'])
    t.equal((await call(`${path}&ticket=${ticket}`)).status, 200, path)
  for (const path of ['/snapshot?cam=b', '/frames?cam=a&cam=b', '/cameras?cam=a', '/cameras/a?cam=a'])
    t.equal((await call(`${path}&ticket=${ticket}`)).status, 401, path)
  t.equal((await call('/tickets', { token: VIEWER, body: { name: 'none' } })).status, 404)
  for (const [others, status] of [
    [63, 200],
    [64, 401],
  ] as const) {
    const tickets = Array.from({ length: others }, (_, i) => `&ticket=${i}`).join('')
    t.equal((await call(`/frames?cam=a${tickets}&ticket=${ticket}`)).status, status, `beside ${others} others`)
  }
})

t.test("MediaMTX's readers need a token or ticket", { skip: MEDIAMTX ? false : 'no MediaMTX' }, async (t) => {
  const { hls, webrtc_whep: whep, rtsp_url: rtsp } = await described()
  for (const address of [hls, whep]) t.match(address, /\?ticket=/)
  t.match(rtsp, /^rtsp:\/\/ticket:/)
  const bare = (address: string) => address.split('?')[0]!.replace(/\/\/.*@/, '//')
  const bearer = { authorization: `Bearer ${VIEWER}` }
  t.equal((await fetch(bare(hls))).status, 401)
  t.equal((await fetch(hls)).status, 200)
  t.equal((await fetch(bare(hls), { headers: bearer })).status, 200)
  const offer = { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: 'v=0' }
  t.equal((await fetch(bare(whep), offer)).status, 401)
  t.equal((await fetch(whep, offer)).status, 400, 'as far as the offer')
  t.ok(await opens(rtsp), 'RTSP with a ticket')
  t.ok(await opens(bare(rtsp).replace('://', `://any:${VIEWER}@`)), 'RTSP with the token as the password')
  t.notOk(await opens(bare(rtsp)), 'RTSP without')
})

t.test('a removed token ends its streams, and the log has no secret', async (t) => {
  const stream = await fetch(`${gateway.base}/mjpeg?cam=a`, { headers: { authorization: `Bearer ${VIEWER}` } })
  const over = (async () => {
    for await (const chunk of stream.body!) void chunk
    return true
  })()
  writeFileSync(tokensFile, `admin ${ADMIN}\n`)
  t.ok(await over, 'the stream ends')
  t.equal((await call('/cameras', { token: VIEWER })).status, 401)
  t.equal((await call('/cameras', { token: ADMIN })).status, 200)
  for (const secret of [VIEWER, ADMIN, /ticket=(?!\*\*\*)/]) t.notMatch(gateway.log, secret)
})

/** Whether an RTSP player gets packets of the stream. Its exit status does not say so: its PAUSE at the end may fail. */
async function opens(address: string): Promise<boolean> {
  const pipeline = ['-q', 'rtspsrc', 'protocols=tcp', `location=${address}`, '!', 'fdsink']
  const player = spawn('gst-launch-1.0', pipeline, { stdio: ['ignore', 'pipe', 'ignore'], timeout: 30000 })
  // Not 'close': that waits until all of its output has been read.
  const ended = once(player, 'exit')
  for await (const packet of player.stdout) {
    void packet
    player.kill('SIGKILL')
    await ended
    return true
  }
  await ended
  return false
}
