// MediaMTX's WebRTC and HLS ports, as web pages see them: MediaMTX itself checks neither Host nor Origin.

import { request } from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'

if (!MEDIAMTX) t.bailout('this test needs MediaMTX')

const gateway = await Gateway.start({
  stateFile: join(temporaryFolder(t), 'cameras.json'),
  env: { ALLOWED_HOSTS: 'cams.example.com', CORS_ORIGINS: 'https://app.example.com' },
})
t.teardown(() => gateway.stop())
const camera = await TestCamera.start({ width: 320, height: 180, fps: 25, gop: 25, 'bitrate-kbps': 300 })
t.teardown(() => camera.stop())
await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
await until('the camera to be live', async () => (await gateway.camera('a')).state === 'live', { limitMs: 30000 })
const { hls, webrtc_whep: whep } = await gateway.camera('a')

/** Who may read the last answer. */
let readers: string | undefined

/** Like fetch, which cannot set these headers. @returns the status; 0 if the connection was closed. */
function send(method: string, url: string, headers: Record<string, string>) {
  return new Promise<number>((resolve) => {
    const call = request(url, { method, headers }, (response) => {
      response.resume()
      readers = response.headers['access-control-allow-origin']
      resolve(response.statusCode!)
    })
    call.on('error', () => resolve(0))
    call.end(method === 'POST' ? 'v=0' : '')
  })
}

const sdp = { 'content-type': 'application/sdp' }
/** The requests of a player. */
const watch = async (headers: Record<string, string>) => [
  await send('GET', hls, headers),
  await send('POST', whep, { ...sdp, ...headers }),
  await send('OPTIONS', whep, headers),
]
const SERVED = [302, 400, 204] // HLS redirects to set a cookie; the offer above is not valid.
const REFUSED = [403, 403, 403]

t.test('programs, and the pages of this gateway and of CORS_ORIGINS, watch', async (t) => {
  t.same(await watch({}), SERVED, 'a program, or an address that a person types')
  t.same(await watch({ origin: gateway.base }), SERVED, 'the page of the gateway')
  t.same(await watch({ origin: new URL(hls).origin }), SERVED, "MediaMTX's own page")
  t.same(await watch({ origin: 'https://app.example.com' }), SERVED)
  t.same(await watch({ host: 'cams.example.com', origin: 'http://cams.example.com:8090' }), SERVED)
})

t.test('only the page that asked may read the answer', async (t) => {
  for (const method of ['GET', 'OPTIONS']) {
    for (const url of [hls, whep]) {
      await send(method, url, {})
      t.equal(readers, undefined, `${method} ${url} of a program`)
      await send(method, url, { origin: 'https://app.example.com' })
      t.equal(readers, 'https://app.example.com', `${method} ${url} of a page of CORS_ORIGINS`)
    }
  }
})

t.test('no other page watches, and none through a rebound name', async (t) => {
  t.same(await watch({ origin: 'https://evil.example' }), REFUSED)
  t.same(await watch({ origin: 'null' }), REFUSED)
  t.same(await watch({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), REFUSED, 'a video element')
  t.same(await watch({ host: 'rebound.evil.example' }), REFUSED)
  t.same(await watch({ host: 'rebound.evil.example', origin: 'http://rebound.evil.example' }), REFUSED)
})

t.test('a reader that leaves, or sends nonsense, does no harm', async (t) => {
  for (let i = 0; i < 20; i += 1) {
    const call = request(hls, { agent: false })
    call.on('error', () => undefined)
    call.end()
    await new Promise((resolve) => call.once('socket', (socket) => socket.once('connect', resolve)))
    call.destroy()
  }
  t.not(await send('GET', `${new URL(hls).origin}/none/index.m3u8`, {}), 0)
  t.same(await watch({}), SERVED)
})

t.test('a connection with many requests in progress is closed', async (t) => {
  const { hostname, port, pathname } = new URL(hls)
  const socket = net.connect(Number(port), hostname)
  socket.on('error', () => undefined)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`.repeat(2000))
  await until('the end of the connection', () => socket.closed, { limitMs: 60000 })
  const answers = text.split('HTTP/1.1 ').length - 1
  t.ok(answers < 2000, `${answers} answers`)
  t.same(await watch({}), SERVED)
})
