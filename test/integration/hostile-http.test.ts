// HTTP requests that no honest client sends. The gateway answers each, keeps nothing of it, and lives.

import { once } from 'node:events'
import net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'

const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
t.teardown(() => gateway.stop())
const camera = await TestCamera.start({ width: 320, height: 180, fps: 25, gop: 25, 'bitrate-kbps': 300 })
t.teardown(() => camera.stop())
await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
await gateway.untilState('a', 'live')
const { hostname, port } = new URL(gateway.base)

interface Raw {
  socket: net.Socket
  /** What has arrived so far. */
  text: () => string
  /** Resolves when the gateway has closed the connection; with everything that arrived. */
  closed: Promise<string>
}

function send(bytes: string): Raw {
  let text = ''
  const socket = net.connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.write(bytes)
  return { socket, text: () => text, closed: new Promise((resolve) => socket.once('close', () => resolve(text))) }
}

const request = (line: string, headers = '') => `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`
const readers = async () => (await gateway.camera('a')).readers.mjpeg

const halfAtMs = performance.now()
const half = send('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n')
const halfTookMs = half.closed.then(() => performance.now() - halfAtMs)

t.test('pipelined streams leave no reader behind', async (t) => {
  for (const behind of ['/mjpeg?cam=a', '/cameras']) {
    for (const count of [1, 1500]) {
      const text = await send(request('GET /mjpeg?cam=a') + request(`GET ${behind}`).repeat(count)).closed
      t.notMatch(text, /ERR_/, 'the gateway closes the connection')
      await until('no reader', async () => (await readers()) === 0)
    }
  }
  const { socket, text, closed: later } = send(request('GET /mjpeg?cam=a'))
  await until('a frame', () => text().includes('image/jpeg'))
  socket.write(request('GET /cameras'))
  await later
  await gateway.post('/cameras/start', { name: 'away', rtsp: 'rtsp://127.0.0.1:9/' })
  const { closed } = send(request('GET /snapshot?cam=away') + request('GET /frames?cam=a', 'Connection: close\r\n'))
  t.match(await closed, /ERR_PIPELINED/, 'the reason')
})

t.test('a connection with many requests in progress is closed', async (t) => {
  const text = await send(request('GET /health').repeat(5000)).closed
  const answers = text.split('HTTP/1.1 200').length - 1
  t.ok(answers < 5000, `${answers} answers`)
})

t.test('HEAD of a stream has headers only', async (t) => {
  for (const path of ['/mjpeg?cam=a', '/frames?cam=a']) {
    const text = await send(request(`HEAD ${path}`, 'Connection: close\r\n')).closed
    t.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*Content-Type: (multipart|application)\/[^]*\r\n\r\n$/, path)
  }
  t.equal(await readers(), 0)
})

t.test('a request target that is not an address', async (t) => {
  for (const target of ['http://[x/', 'http://', '*', '/%', '//[x/'])
    t.match(await send(request(`GET ${target}`, 'Connection: close\r\n')).closed, /404[^]*ERR_NOT_FOUND/, target)
  const proxied = await send(request('GET http://gateway/health', 'Connection: close\r\n')).closed
  t.match(proxied, /200[^]*"ok":true/, 'a whole address is one')
})

t.test('JSON that is nested 30,000 deep', async (t) => {
  for (const depth of [30000, 5])
    for (const body of [
      `{"name": ${'['.repeat(depth)}${']'.repeat(depth)}}`,
      `${'['.repeat(depth)}${']'.repeat(depth)}`,
    ])
      t.match(await gateway.post('/cameras/start', body), { status: 400, body: { code: 'ERR_FIELD_INVALID' } })
  t.notMatch(gateway.log, /RangeError/)
})

t.test('an address in the wrong place of a request is not repeated with its password', async (t) => {
  for (const address of [
    'rtsp://joe:S3CRET@h/x',
    'joe:S3CRET@h',
    'rtsp://joe:S3CRET\n@h/x',
    'rtsp://h/x?password=S3CRET',
  ]) {
    const encoded = encodeURIComponent(address)
    for (const path of ['/', '/cameras/', '/mjpeg?cam=', '/frames?cam=', '/frames?cam=a&'])
      t.notMatch(JSON.stringify(await gateway.get(path + encoded)), /S3CRET/, path)
    for (const body of [
      { name: 'x', rtsp: camera.url, [address]: 1 },
      { name: address, rtsp: camera.url },
    ])
      t.notMatch(JSON.stringify(await gateway.post('/cameras/start', body)), /S3CRET/)
  }
  t.notMatch(gateway.log, /S3CRET/)
})

t.test('the 257th reader of a camera is refused, and there is room again once another has left', async (t) => {
  const open = Array.from({ length: 256 }, () => send(request('GET /mjpeg?cam=a')))
  t.teardown(() => open.forEach(({ socket }) => socket.destroy()))
  await until('256 readers', async () => (await readers()) === 256)
  for (const path of ['/mjpeg', '/frames', '/snapshot']) {
    const { status, body, headers } = await gateway.get(`${path}?cam=a`)
    t.match({ status, body }, { status: 503, body: { code: 'ERR_TOO_MANY_READERS', error: /"a" .*256/ } })
    t.equal(headers.get('retry-after'), '1')
  }
  open[0]!.socket.destroy()
  await until('room', async () => (await fetch(`${gateway.base}/snapshot?cam=a`)).status === 200)
})

t.test('half a request head is dropped after 10 s, not after the 30 s of Node', async (t) => {
  t.match(await half.closed, /408/)
  t.ok((await halfTookMs) < 25000)
})

t.test('no request makes the gateway connect to a host that is not allowed', async (t) => {
  const gateway = await Gateway.start({
    stateFile: join(temporaryFolder(t), 'cameras.json'),
    env: { CAMERA_HOSTS: '127.0.0.1' },
  })
  t.teardown(() => gateway.stop())
  for (const host of ['169.254.169.254', '[::ffff:169.254.169.254]', '10.1.2.3', '0.0.0.0']) {
    const { status, body } = await gateway.post('/cameras/start', { name: 'x', rtsp: `rtsp://${host}/x` })
    t.equal(status, 403, host)
    t.equal(body.code, 'ERR_CAMERA_HOST')
  }
  // The C library reads this as 169.254.169.254, and only the session asks it.
  await gateway.post('/cameras/start', { name: 'y', rtsp: 'rtsp://0xa9fea9fe/x' })
  const camera = await TestCamera.start({ width: 320, height: 180 })
  t.teardown(() => camera.stop())
  const forbidden = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.2')
  await once(forbidden, 'listening')
  t.teardown(() => forbidden.close())
  let connections = 0
  forbidden.on('connection', () => connections++)
  await camera.command(`fault redirect rtsp://127.0.0.2:${(forbidden.address() as net.AddressInfo).port}/x`)
  await gateway.post('/cameras/start', { name: 'z', rtsp: camera.url })
  for (const name of ['y', 'z'])
    await until('its refusal', async () => (await gateway.camera(name)).last_error?.code === 'ERR_CAMERA_HOST')
  t.equal(connections, 0, 'MediaMTX does not follow the redirect either')
})
