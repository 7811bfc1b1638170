// Requests as browsers send them for pages of other origins, and by DNS rebinding.

import { request } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { temporaryFolder } from '../helpers/paths.js'

const gateway = await Gateway.start({
  stateFile: join(temporaryFolder(t), 'cameras.json'),
  mediamtx: 'off',
  env: { ALLOWED_HOSTS: 'cams.example.com' },
})
t.teardown(() => gateway.stop())
await gateway.post('/cameras/start', { name: 'a', rtsp: 'rtsp://127.0.0.1:9/a' })

const PATHS = ['/cameras', '/cameras/a', '/snapshot?cam=a', '/mjpeg?cam=a', '/frames?cam=a', '/health', '/', '/nothing']
const evil = { origin: 'https://evil.example' }

/** Like fetch, which cannot set these headers. */
function send(method: string, path: string, headers: Record<string, string>, body = '') {
  return new Promise<{ status: number; code: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const call = request(gateway.base + path, { method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => {
        const code = /"code":"(\w+)"/.exec(text)?.[1] ?? ''
        resolve({ status: response.statusCode!, code, headers: response.headers })
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}

t.test('a page of another origin gets nothing and changes nothing', async (t) => {
  const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
  for (const path of PATHS)
    for (const headers of [evil, { origin: 'null' }, image]) {
      const answer = await send('GET', path, headers)
      t.match(answer, { status: 403, code: 'ERR_ORIGIN_REFUSED' }, `${path} ${JSON.stringify(headers)}`)
      t.notOk(answer.headers['access-control-allow-origin'])
    }
  const start = JSON.stringify({ name: 'b', rtsp: 'rtsp://127.0.0.1:9/b' })
  for (const [path, body] of [
    ['/cameras/start', start],
    ['/cameras/stop', '{"name": "a"}'],
  ] as const) {
    const simple = { ...evil, 'content-type': 'text/plain' }
    t.match(await send('POST', path, simple, body), { status: 403, code: 'ERR_ORIGIN_REFUSED' })
    const preflight = await send('OPTIONS', path, { ...evil, 'access-control-request-method': 'POST' })
    t.notOk(preflight.headers['access-control-allow-origin'])
  }
  t.same(
    (await gateway.get('/cameras')).body.cameras.map(({ name }: any) => name),
    ['a'],
  )
})

t.test('a name that was rebound to the gateway is refused', async (t) => {
  for (const path of PATHS)
    t.match(await send('GET', path, { host: 'evil.example:8090' }), { status: 421, code: 'ERR_HOST_REFUSED' }, path)
  const rebound = { host: 'evil.example:8090', origin: 'http://evil.example:8090' }
  t.match(await send('POST', '/cameras/stop', rebound, '{"name": "a"}'), { status: 421 })
  t.match(await send('GET', '/cameras', { 'x-forwarded-host': 'evil.example' }), { status: 200 }, 'no proxy is trusted')
  t.equal((await gateway.camera('a')).name, 'a', 'still there')
  t.match(await send('GET', '/cameras', { host: 'cams.example.com' }), { status: 200 }, 'ALLOWED_HOSTS')
})

t.test('no page can embed an answer', async (t) => {
  const { headers } = await send('GET', '/cameras', { referer: 'https://evil.example/' })
  t.match(headers, { 'cross-origin-resource-policy': 'same-origin', 'x-frame-options': 'DENY' })
  const own = await send('GET', '/cameras', { referer: 'http://localhost:5173/' })
  t.match(own.headers, { 'cross-origin-resource-policy': 'cross-origin' }, 'but one of CORS_ORIGINS')
})
