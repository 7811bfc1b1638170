// Start, shutdown and crashes: nothing is left behind, and everything is restored.

import net from 'node:net'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startDemoCamera } from '../../src/demo.js'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { freePort } from '../helpers/ports.js'
import { childrenOf, commandLine, isAlive } from '../helpers/processes.js'
import { SlowWire } from '../helpers/slow-wire.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'

async function isPortFree(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(Number(address.split(':').pop()), '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} ends everything: status 0, no process, ports free, no session`, async (t) => {
    const camera = await TestCamera.start()
    t.teardown(() => camera.stop())
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json') })
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
    await gateway.untilState('a', 'live')
    // A reader that never disconnects must not delay the shutdown.
    const reader = await fetch(`${gateway.base}/mjpeg?cam=a`)
    const children = childrenOf(gateway.pid)
    gateway.kill(signal)
    t.strictSame(await gateway.exited, { status: 0, signal: null }, gateway.log)
    for (const child of children) t.notOk(isAlive(child), commandLine(child))
    t.ok(await isPortFree(gateway.base))
    t.ok(await isPortFree(gateway.zmq))
    await until('the session at the camera to end', () => camera.active === 0)
    await reader.body?.cancel().catch(() => undefined)
  })
}

t.test(
  'kill -9 leaves no MediaMTX and no session, and the next start restores the cameras',
  { skip: NO_MEDIAMTX },
  async (t) => {
    const camera = await TestCamera.start({ user: 'u', password: 'S3CRET-word' })
    t.teardown(() => camera.stop())
    const stateFile = join(temporaryFolder(t), 'cameras.json')
    const first = await Gateway.start({ stateFile, mediamtx: 'managed' })
    await first.post('/cameras/start', {
      name: 'a',
      rtsp: camera.url.replace('://', '://u:S3CRET-word@'),
      pub_fps: 7,
      scale_width: 320,
      jpeg_quality: 55,
    })
    await first.untilState('a', 'live')
    t.equal(statSync(stateFile).mode & 0o777, 0o600)
    const children = childrenOf(first.pid)
    t.equal(children.length, 1, 'MediaMTX is its child')
    for (const child of [first.pid, ...children]) t.notMatch(commandLine(child), /S3CRET-word/)

    first.kill('SIGKILL')
    await first.exited
    await until('MediaMTX to be gone', () => children.every((child) => !isAlive(child)))
    await until('the session to be gone', () => camera.active === 0)

    const second = await Gateway.start({ stateFile, mediamtx: 'managed' })
    t.teardown(() => second.stop())
    t.match(await second.untilState('a', 'live'), { pub_fps: 7, scale_width: 320, jpeg_quality: 55 })
    t.equal(camera.active, 1)
    t.notMatch(first.log + first.stdout + second.log + second.stdout, /S3CRET-word/)
  },
)

/** A camera that is live as "a" through a managed MediaMTX, and its gateway. */
async function liveThroughMediaMtx(t: {
  teardown(run: () => unknown): void
}): Promise<{ camera: TestCamera; gateway: Gateway }> {
  const camera = await TestCamera.start({ gop: 25 })
  t.teardown(() => camera.stop())
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'managed' })
  t.teardown(() => gateway.stop())
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  await gateway.untilState('a', 'live')
  return { camera, gateway }
}

t.test('a killed MediaMTX is restarted, and the camera returns', { skip: NO_MEDIAMTX }, async (t) => {
  const { camera, gateway } = await liveThroughMediaMtx(t)
  process.kill(childrenOf(gateway.pid)[0]!, 'SIGKILL')
  await until('a second session with the camera', () => camera.total >= 2)
  await gateway.untilState('a', 'live')
  t.match(gateway.log, /MediaMTX stopped: killed by SIGKILL; restarting it/)
  await until('one session', () => camera.active === 1)
})

t.test(
  'if another program takes the port of a killed MediaMTX, the gateway reports it, and recovers once the port is free',
  { skip: NO_MEDIAMTX },
  async (t) => {
    const { gateway } = await liveThroughMediaMtx(t)
    const port = Number(gateway.env.MTX_RTSPADDRESS!.split(':')[1])
    process.kill(childrenOf(gateway.pid)[0]!, 'SIGKILL')
    const take = () =>
      new Promise<net.Server | null>((resolve) => {
        const server = net.createServer((socket) => socket.destroy())
        server.once('error', () => resolve(null))
        server.listen(port, '127.0.0.1', () => resolve(server))
      })
    const thief = await until('the port to be free', take, { everyMs: 5 })
    t.teardown(() => thief.close())
    const inUse = async () => {
      const { last_error } = await gateway.camera('a')
      return last_error?.code === 'ERR_MEDIAMTX_DOWN' && /in use/.test(last_error.message) ? last_error : null
    }
    const reported = await until('the reason to be reported', inUse, { limitMs: 60000 })
    t.match(reported.message, new RegExp(`${port}.*in use`))
    t.equal((await gateway.get('/health')).body.mediamtx.ready, false)
    t.match(await gateway.get('/health/ready'), {
      status: 503,
      body: { code: 'ERR_NOT_READY', error: /MediaMTX.*in use/ },
    })
    t.equal((await gateway.get('/health/live')).status, 200)
    await new Promise((resolve) => thief.close(resolve))
    await gateway.untilState('a', 'live')
    t.equal((await gateway.get('/health')).body.mediamtx.ready, true)
    t.equal((await gateway.get('/health/ready')).status, 200)
    t.match(await (await fetch(`${gateway.base}/metrics`)).text(), /^framegate_mediamtx_restarts_total [1-9]/m)
  },
)

t.test('a suspended MediaMTX (SIGSTOP) is killed and restarted', { skip: NO_MEDIAMTX }, async (t) => {
  const { camera, gateway } = await liveThroughMediaMtx(t)
  const [hung] = childrenOf(gateway.pid)
  process.kill(hung!, 'SIGSTOP')
  await until('the hung one to be gone', () => !isAlive(hung!), { limitMs: 60000 })
  await until(
    'the camera to be live by another',
    async () => camera.total >= 2 && (await gateway.camera('a')).state === 'live',
    { limitMs: 60000 },
  )
  t.match((await gateway.get('/health')).body.mediamtx, { ready: true })
})

t.test('a path that MediaMTX lost is added again', { skip: NO_MEDIAMTX }, async (t) => {
  const camera = await TestCamera.start({ gop: 25 })
  t.teardown(() => camera.stop())
  const { owner, gateway } = await twoGateways(t)
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  await gateway.untilState('a', 'live')
  const api = `http://${owner.env.MTX_APIADDRESS}/v3`
  t.equal((await fetch(`${api}/config/paths/delete/a`, { method: 'DELETE' })).status, 200)
  await until('the path to be there again', async () => (await fetch(`${api}/config/paths/get/a`)).status === 200)
  await until('a second session with the camera', () => camera.total >= 2)
  await gateway.untilState('a', 'live')
})

t.test("MediaMTX's API shows camera passwords only to the gateway", { skip: NO_MEDIAMTX }, async (t) => {
  const camera = await TestCamera.start()
  t.teardown(() => camera.stop())
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'managed' })
  t.teardown(() => gateway.stop())
  const api = `http://${gateway.env.MTX_APIADDRESS}/v3/config/paths/list`
  t.equal((await fetch(api)).status, 401)
  const guess = await fetch(api, {
    headers: { authorization: `Basic ${Buffer.from('framegate:guess').toString('base64')}` },
  })
  t.equal(guess.status, 401, 'a guess')
})

/** One gateway that owns a MediaMTX whose API any local caller may use, and one that uses it. */
async function twoGateways(
  t: { teardown(run: () => unknown): void },
  env: (owner: Gateway) => Promise<Record<string, string>> = async () => ({}),
): Promise<{ owner: Gateway; gateway: Gateway }> {
  const folder = temporaryFolder(t)
  const owner = await Gateway.start({
    stateFile: join(folder, 'owner.json'),
    mediamtx: 'managed',
    env: { MTX_AUTHHTTPEXCLUDE_0_ACTION: 'api' },
  })
  t.teardown(() => owner.stop())
  const gateway = await Gateway.start({
    stateFile: join(folder, 'cameras.json'),
    mediamtx: 'external',
    env: { MEDIAMTX_API: `http://${owner.env.MTX_APIADDRESS}`, ...(await env(owner)) },
  })
  t.teardown(() => gateway.stop())
  return { owner, gateway }
}

t.test(
  'external: the gateway uses another MediaMTX through its API, and leaves it running',
  { skip: NO_MEDIAMTX },
  async (t) => {
    const camera = await TestCamera.start({ gop: 25 })
    t.teardown(() => camera.stop())
    const { owner, gateway } = await twoGateways(t)
    t.match((await gateway.get('/health')).body.mediamtx, { mode: 'external', ready: true, version: /1\.20/ })
    const { body } = await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
    const reported = await fetch(`http://${owner.env.MTX_APIADDRESS}/v3/config/global/get`)
    const { hlsAddress } = (await reported.json()) as any
    t.match(body.hls, new RegExp(`:${hlsAddress.split(':')[1]}/a/index.m3u8$`), 'ports are asked of MediaMTX')
    await gateway.untilState('a', 'live')
    t.equal(await gateway.stop(), 0)
    await until('the session to end', () => camera.active === 0)
    t.match((await owner.get('/health')).body.mediamtx, { ready: true })
  },
)

t.test('MEDIAMTX_RTSP: the gateway reads from this address', { skip: NO_MEDIAMTX }, async (t) => {
  const camera = await TestCamera.start({ gop: 25 })
  t.teardown(() => camera.stop())
  let bytes = () => 0
  const { gateway } = await twoGateways(t, async (owner) => {
    const address = `rtsp://${owner.env.MTX_RTSPADDRESS}/`
    const wire = await SlowWire.start(Number(new URL(address).port))
    t.teardown(() => wire.stop())
    bytes = () => wire.bytes
    return { MEDIAMTX_RTSP: wire.through(address) }
  })
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  await gateway.untilState('a', 'live')
  t.ok(bytes() > 0)
})

t.test('outside a terminal, each log line is JSON; all about a camera name it', { skip: NO_MEDIAMTX }, async (t) => {
  const camera = await TestCamera.start({ user: 'u', password: 'S3CRET-word' })
  t.teardown(() => camera.stop())
  const gateway = await Gateway.start({
    stateFile: join(temporaryFolder(t), 'cameras.json'),
    mediamtx: 'managed',
    env: { LOG_FORMAT: '', LOG_LEVEL: 'debug' },
  })
  t.teardown(() => gateway.stop())
  await gateway.post('/cameras/start', { name: 'hall-7', rtsp: camera.url.replace('//', '//u:S3CRET-word@') })
  await gateway.untilState('hall-7', 'live')
  t.equal(await gateway.stop(), 0)
  const lines = gateway.log.trimEnd().split('\n')
  const parsed = lines.map((line) => JSON.parse(line))
  for (const line of parsed)
    t.match(line, { time: /^\d{4}-\d\d-\d\dT.*Z$/, level: /^(debug|info|warn|error)$/, msg: /./ }, line.msg)
  t.match(
    parsed.find(({ msg }) => msg === 'live'),
    { level: 'info', camera: 'hall-7' },
  )
  t.ok(parsed.some(({ source, camera }) => source === 'mediamtx' && camera === 'hall-7'))
  t.strictSame(
    parsed.filter(({ msg, camera }) => /hall-7/.test(msg) && camera !== 'hall-7'),
    [],
  )
  t.ok(parsed.some(({ level, msg }) => level === 'info' && msg === 'shutting down (SIGTERM)'))
  t.notMatch(gateway.log, /S3CRET-word/)
})

t.test('managed without a binary: logs the remedy once, and everything else works', async (t) => {
  const camera = await TestCamera.start()
  t.teardown(() => camera.stop())
  const empty = temporaryFolder(t)
  const gateway = await Gateway.start({
    stateFile: join(empty, 'cameras.json'),
    mediamtx: 'managed',
    env: { PATH: '/usr/bin:/bin', XDG_CACHE_HOME: empty, MEDIAMTX_BIN: '' },
  })
  t.teardown(() => gateway.stop())
  t.equal(gateway.log.match(/npm run setup/g)?.length, 1)
  const { body } = await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  t.match(body, { webrtc_whep: null, hls: null, mediamtx_path: null, mediamtx_reason: /npm run setup/ })
  await gateway.untilState('a', 'live')
})

t.test('invalid settings end with status 2 and an error message', async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ HTTP_PORT: 'abc' }, /^framegate: HTTP_PORT: expected a port.*got "abc"\n$/],
    [{ MEDIAMTX: 'sometimes' }, /MEDIAMTX: expected managed, external or off; got "sometimes"/],
    [{ PUB_FPS: '0' }, /PUB_FPS: .*got "0"/],
    [
      { MEDIAMTX: 'managed', MEDIAMTX_BIN: '/bin/false' },
      /MEDIAMTX_BIN: expected MediaMTX 1\.20\.1 or newer at \/bin\/false/,
    ],
    [
      { MEDIAMTX: 'managed', MEDIAMTX_BIN: '/bin/false', LOG_FORMAT: 'json' },
      /^\{"level":"error","time":"[^"]+","code":"ERR_CONFIG_INVALID","msg":"MEDIAMTX_BIN: /,
    ],
  ]
  for (const [env, message] of cases) {
    const gateway = await Gateway.spawn({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off', env })
    t.equal((await gateway.exited).status, 2, JSON.stringify(env))
    t.match(gateway.log, message)
  }
})

t.test('the error for a port in use names the port and the setting to change', async (t) => {
  const taken = net.createServer()
  const port = await freePort()
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve))
  t.teardown(() => void taken.close())
  const folder = temporaryFolder(t)
  const cases: [Record<string, string>, RegExp][] = [
    [
      { HTTP_PORT: String(port) },
      new RegExp(`127\\.0\\.0\\.1:${port}: the address is in use by node \\(process \\d+\\); set HTTP_PORT`),
    ],
    [
      { ZMQ_BIND: `tcp://127.0.0.1:${port}` },
      new RegExp(`tcp://127\\.0\\.0\\.1:${port}: the address is in use by node \\(process \\d+\\); set ZMQ_BIND`),
    ],
  ]
  for (const [env, message] of cases) {
    const gateway = await Gateway.spawn({ stateFile: join(folder, 'cameras.json'), mediamtx: 'off', env })
    t.equal((await gateway.exited).status, 4, gateway.log)
    t.match(gateway.log, message)
  }
  if (NO_MEDIAMTX) return
  for (const name of ['MTX_RTSPADDRESS', 'MTX_HLSADDRESS', 'MTX_WEBRTCADDRESS', 'MTX_APIADDRESS']) {
    const gateway = await Gateway.spawn({
      stateFile: join(folder, 'cameras.json'),
      mediamtx: 'managed',
      env: { [name]: `127.0.0.1:${port}` },
    })
    t.equal((await gateway.exited).status, 4, gateway.log)
    t.match(gateway.log, new RegExp(`port ${port} .*in use by node \\(process.*${name}`))
  }
})

t.test('a damaged state file is kept aside, and the gateway starts', async (t) => {
  const stateFile = join(temporaryFolder(t), 'cameras.json')
  writeFileSync(stateFile, '{"version":1,"cam')
  const gateway = await Gateway.start({ stateFile, mediamtx: 'off' })
  t.match(gateway.log, /copied it to/)
  await gateway.post('/cameras/start', { name: 'a', rtsp: 'rtsp://127.0.0.1:9/x' })
  t.match(JSON.parse(readFileSync(stateFile, 'utf8')), { version: 1, cameras: [{ name: 'a' }] })
  t.equal(await gateway.stop(), 0)
  t.match(
    JSON.parse(readFileSync(stateFile, 'utf8')),
    { cameras: [{ name: 'a' }] },
    'a shutdown does not stop cameras in the list',
  )
})

t.test('requests that come while the gateway starts find the saved cameras, and lose none', async (t) => {
  const stateFile = join(temporaryFolder(t), 'cameras.json')
  const rtsp = 'rtsp://127.0.0.1:9/x'
  const first = await Gateway.start({ stateFile, mediamtx: 'off' })
  await first.post('/cameras/start', { name: 'a', rtsp })
  await first.stop()
  const port = await freePort()
  const gateway = await Gateway.spawn({ stateFile, env: { HTTP_PORT: String(port) } })
  t.teardown(() => gateway.stop())
  gateway.base = `http://127.0.0.1:${port}`
  const body = JSON.stringify({ name: 'b', rtsp: `${rtsp}2` })
  const start = () => fetch(`${gateway.base}/cameras/start`, { method: 'POST', body })
  const answer = await until('it to listen', start, { limitMs: 60000, everyMs: 2 })
  t.ok(answer.ok, String(answer.status))
  const names = async () => (await gateway.get('/cameras')).body.cameras.map(({ name }: { name: string }) => name)
  t.strictSame(await names(), ['a', 'b'])
  await until('the start to end', () => gateway.stdout.includes('is running'), { limitMs: 60000 })
  t.strictSame(await names(), ['a', 'b'])
  await gateway.untilState('a', 'retrying')
  t.match(JSON.parse(readFileSync(stateFile, 'utf8')), { cameras: [{ name: 'a' }, { name: 'b' }] })
})

t.test('a second gateway with the same state file or the same ports is refused, and says which one runs', async (t) => {
  const folder = temporaryFolder(t)
  const [port, stateFile] = [String(await freePort()), join(folder, 'cameras.json')]
  const first = await Gateway.start({ stateFile, mediamtx: 'off', env: { HTTP_PORT: port } })
  t.teardown(() => first.stop())
  const runs = `a gateway is already running at ${first.base} (process ${first.pid})`
  const sameState = await Gateway.spawn({ stateFile, mediamtx: 'off' })
  t.match(await sameState.exited, { status: 2 })
  t.ok(sameState.log.includes(runs), sameState.log)
  const ports = { HTTP_PORT: port, ZMQ_BIND: first.zmq }
  const samePorts = await Gateway.spawn({ stateFile: join(folder, 'other.json'), mediamtx: 'off', env: ports })
  t.match(await samePorts.exited, { status: 4 })
  t.ok(samePorts.log.includes(runs), samePorts.log)
  first.kill('SIGKILL')
  await first.exited
  const next = await Gateway.start({ stateFile, mediamtx: 'off' })
  t.equal(await next.stop(), 0)
  t.notOk(existsSync(`${stateFile}.lock`))
})

t.test('--demo starts a simulated camera, prints its addresses, and does not save it', async (t) => {
  const stateFile = join(temporaryFolder(t), 'cameras.json')
  const gateway = await Gateway.start({ stateFile, args: ['--demo'] })
  t.match(gateway.stdout, /mjpeg\?cam=demo/)
  t.match(gateway.stdout, /from framegate import open_capture/)
  const { rtsp_url: rtsp, webrtc_whep: whep, hls } = await gateway.camera('demo')
  for (const player of [rtsp, whep, hls]) t.ok(player === null || gateway.stdout.includes(player), player)
  t.match(gateway.stdout, /is not saved: a start without --demo[\s\S]*To end it, press Ctrl\+C/)
  const address = /camera +(\S+) \(simulated\)/.exec(gateway.stdout)![1]!
  await gateway.untilState('demo', 'live')
  const snapshot = await fetch(`${gateway.base}/snapshot?cam=demo`)
  t.equal(snapshot.status, 200)
  await snapshot.arrayBuffer()
  const children = childrenOf(gateway.pid)
  t.equal(await gateway.stop(), 0)
  for (const child of children) t.notOk(isAlive(child))
  const again = await startDemoCamera(Number(new URL(address).port))
  t.teardown(() => again.stop())
  t.equal(again.url, address, 'the same port again')
  const other = await startDemoCamera(Number(new URL(address).port))
  t.teardown(() => other.stop())
  t.not(other.url, address, 'another one if it is taken')
  t.notMatch(existsSync(stateFile) ? readFileSync(stateFile, 'utf8') : '', /demo/, 'the demo camera is not saved')
})
