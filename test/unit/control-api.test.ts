// Responses of MediaMTX's API that a real one cannot be made to give.

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { ControlApi } from '../../src/mediamtx/control-api.js'
import { Gateway } from '../helpers/gateway.js'
import { temporaryFolder } from '../helpers/paths.js'
import { until } from '../helpers/wait.js'

let answer: (response: ServerResponse) => void = (response) => response.end()
const server = createServer((_request, response) => answer(response))
let address = ''

t.before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
t.teardown(() => (server.closeAllConnections(), server.close()))

const answers: [string, (response: ServerResponse) => void, RegExp][] = [
  [
    'a web page',
    (response) => response.end('<html>router</html>'),
    /is not MediaMTX's API: GET \/v3\/.* returned "<html>router.* instead of JSON/,
  ],
  ['truncated JSON', (response) => response.end('{"items":[{"na'), /is not MediaMTX's API.*instead of JSON/],
  ['JSON of something else', (response) => response.end('{"items":7}'), /is not MediaMTX's API: GET \/v3\/.*items/],
  ['a broken connection', (response) => response.destroy(), /does not respond/],
  [
    'half an answer',
    (response) => (
      response.writeHead(200, { 'content-length': 100 }),
      response.write('{'),
      setTimeout(() => response.destroy(), 20)
    ),
    /does not respond/,
  ],
  ['nothing', () => undefined, /does not respond/],
  [
    '401',
    (response) => response.writeHead(401).end('{"status":"error","error":"authentication error"}'),
    /rejected GET .*401.*authentication error/,
  ],
  ['500', (response) => response.writeHead(500).end('{"status":"error","error":"no"}'), /rejected GET .*500/],
]

for (const [what, give, expected] of answers) {
  t.test(`${what} is reported in an error message`, async (t) => {
    answer = give
    const api = new ControlApi(address)
    const limitMs = what === 'nothing' ? 500 : 20000
    await t.rejects(api.pathNames(limitMs), { code: 'ERR_MEDIAMTX_API', message: expected })
    await t.rejects(api.readers(limitMs), { code: 'ERR_MEDIAMTX_API', message: expected })
  })
}

t.test('an address that MediaMTX repeats in its error is redacted, even if it is cut off', async (t) => {
  const api = new ControlApi(address)
  for (const password of ['S3CRET', `S3CRET${'x'.repeat(300)}`]) {
    // MediaMTX's error for "%zz" in a path.
    answer = (response) =>
      response.writeHead(400).end(`{"status":"error","error":"'rtsp://u:${password}@h/%zz' is not a valid URL"}`)
    const error = await api.replacePath('a', {}).catch((error) => error)
    t.match(error.message, /rtsp:\/\/\*\*\*@h\/%zz' is not a valid URL/)
  }
})

t.test('a gateway reports that its external MediaMTX is something else, and keeps running', async (t) => {
  answer = (response) => response.end('<html>router</html>')
  const gateway = await Gateway.start({
    stateFile: join(temporaryFolder(t), 'cameras.json'),
    mediamtx: 'external',
    env: { MEDIAMTX_API: address },
  })
  t.teardown(() => gateway.stop())
  const { mediamtx } = (await gateway.get('/health')).body
  t.match(mediamtx, { mode: 'external', ready: false, problem: /is not MediaMTX's API/ })
  await gateway.post('/cameras/start', { name: 'a', rtsp: 'rtsp://127.0.0.1:9/x' })
  await until('the reason at the camera', async () =>
    /refused|MediaMTX/.test((await gateway.camera('a')).last_error?.message ?? ''),
  )
  t.match((await gateway.camera('a')).mediamtx_reason, /is not MediaMTX's API/)
})

t.test('lists of several pages are read to their end', async (t) => {
  const names = ['a', 'b', 'c']
  const asked: string[] = []
  const pages = createServer(({ url = '' }, response) => {
    asked.push(url)
    const page = Number(new URL(url, 'http://x').searchParams.get('page'))
    response.end(JSON.stringify({ pageCount: 3, items: [{ name: names[page], readers: [] }] }))
  }).listen(0, '127.0.0.1')
  await once(pages, 'listening')
  t.teardown(() => (pages.closeAllConnections(), pages.close()))
  const api = new ControlApi(`http://127.0.0.1:${(pages.address() as AddressInfo).port}`)
  t.strictSame(await api.pathNames(5000), names)
  t.strictSame([...(await api.readers(5000)).keys()], names)
  t.equal(asked.length, 6)
})
