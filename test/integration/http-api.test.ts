// Every call of the API, and every way in which one can be invalid.

import { readFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Gateway, type Reply } from '../helpers/gateway.js'
import { expositionProblems } from '../helpers/exposition.js'
import { answerProblem } from '../helpers/openapi.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { alertQueries, dashboardQueries, unknownIn } from '../helpers/queries.js'
import { TestCamera } from '../helpers/test-camera.js'
import { frameNumber } from '../helpers/frame-number.js'
import { pause, until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

// One gateway for all tests; each test has its own camera, so that it can run alone.
let gateway: Gateway

t.before(async () => {
  gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json') })
})
t.teardown(() => gateway.stop())

let names = 0

/** A camera that is live at the gateway, until the test ends. */
async function liveCamera(
  t: { teardown(run: () => unknown): void },
  settings: Record<string, unknown> = {},
  options: Record<string, string | number> = {},
): Promise<{ name: string; camera: TestCamera }> {
  const name = `cam-${++names}`
  const camera = await TestCamera.start({ gop: 25, ...options })
  t.teardown(async () => {
    await gateway.post('/cameras/stop', { name })
    await camera.stop()
  })
  const { status } = await gateway.post('/cameras/start', { name, rtsp: camera.url, ...settings })
  if (status !== 200) throw new Error(`${name} was not started: ${status}`)
  await gateway.untilState(name, 'live')
  return { name, camera }
}

t.test('starting a camera returns everything that the original README promises', async (t) => {
  const camera = await TestCamera.start({ gop: 25 })
  t.teardown(() => camera.stop())
  const { status, body } = await gateway.post('/cameras/start', {
    name: 'lobby-1',
    rtsp: camera.url,
    pub_fps: 20,
    scale_width: 320,
  })
  t.teardown(() => gateway.post('/cameras/stop', { name: 'lobby-1' }))
  t.equal(status, 200)
  t.match(body, {
    ok: true,
    name: 'lobby-1',
    zmq_topic: 'lobby-1',
    zmq_endpoint: gateway.zmq,
    pub_fps: 20,
    scale_width: 320,
  })
  t.match(body.state, /connecting|live/)
  if (gateway.env.MEDIAMTX === 'managed') {
    const port = (name: string) => gateway.env[name]!.split(':').pop()
    t.equal(body.mediamtx_path, 'lobby-1')
    t.equal(body.webrtc_whep, `http://127.0.0.1:${port('MTX_WEBRTCADDRESS')}/lobby-1/whep`)
    t.equal(body.hls, `http://127.0.0.1:${port('MTX_HLSADDRESS')}/lobby-1/index.m3u8`)
  }
  const live = await gateway.untilState('lobby-1', 'live')
  t.match(live, { last_error: null, codec: 'h264', audio: false, width: 640, height: 360 })
})

t.test('the same start again returns the same camera, under any spelling of its address', async (t) => {
  const { name, camera } = await liveCamera(t, { pub_fps: 20, scale_width: 320 })
  for (const rtsp of [camera.url, camera.url.replace('rtsp://', 'RTSP://')]) {
    const { status, body } = await gateway.post('/cameras/start', {
      name: 'other',
      rtsp,
      pub_fps: 20,
      scale_width: 320,
    })
    t.equal(status, 200)
    t.match(body, { name, zmq_topic: name, ignored: ['name'], replaced: null })
  }
  const { body } = await gateway.post('/cameras/start', { name, rtsp: camera.url, jpeg_quality: 7, pub_fps: 20 })
  t.strictSame(body.ignored, ['jpeg_quality'])
  t.match(
    gateway.log,
    new RegExp(`camera ${name}: is already running, so name "other" of a start by \\S+ at 127\\.0\\.0\\.1 had`),
  )
  t.equal((await gateway.get('/cameras/other')).status, 404)
  t.equal(camera.total, 1)
})

t.test('other settings for a running camera return the topic of a rendition', async (t) => {
  const { name, camera } = await liveCamera(t)
  const { body } = await gateway.post('/cameras/start', { name: 'x', rtsp: camera.url, pub_fps: 5, scale_width: 160 })
  t.match(body, { name, zmq_topic: `${name}@160w5fps`, pub_fps: 5, scale_width: 160 })
  const reader = new WireReader(gateway.zmq, `${name}@160w5fps`)
  t.teardown(() => reader.close())
  await until('frames of the rendition', () => reader.frames.length >= 3)
  t.match(reader.frames[0]!.header, {
    v: 1,
    camera: name,
    seq: 0,
    width: 160,
    height: 90,
    source_width: 640,
    source_height: 360,
  })
})

t.test('a ninth rendition is an error over HTTP, and gets no frames over ZeroMQ', async (t) => {
  const { name, camera } = await liveCamera(t)
  const readers: WireReader[] = []
  t.teardown(() => Promise.all(readers.map((reader) => reader.close())))
  for (let fps = 1; fps <= 8; fps++) readers.push(new WireReader(gateway.zmq, `${name}@64w${fps}fps`))
  await until('8 renditions', async () => (await gateway.camera(name)).renditions.length === 8)
  const { status, body } = await gateway.post('/cameras/start', {
    name: 'x',
    rtsp: camera.url,
    pub_fps: 11,
    scale_width: 96,
  })
  t.equal(status, 409)
  t.match(body, { ok: false, code: 'ERR_TOO_MANY_RENDITIONS', error: /8 sizes and rates/ })
  const ninth = new WireReader(gateway.zmq, `${name}@64w9fps`)
  readers.push(ninth)
  await until('the refusal in the log', () => gateway.log.includes(`rendition ${name}@64w9fps is not encoded`))
  t.equal((await gateway.camera(name)).renditions.length, 8)
  await until('frames on the first eight', () => readers.slice(0, 8).every((reader) => reader.frames.length > 0))
  t.equal(ninth.frames.length, 0)
})

t.test('decoding ends 3 s after the last reader has left, and continues if one returns before', async (t) => {
  const { name } = await liveCamera(t)
  t.equal((await gateway.camera(name)).decoding, 'no')
  const reader = new WireReader(gateway.zmq, name)
  await until('frames', () => reader.frames.length > 0)
  await reader.close()
  await pause(1000)
  t.not((await gateway.camera(name)).decoding, 'no', '1 s after the last reader left')
  const back = new WireReader(gateway.zmq, name)
  t.teardown(() => back.close())
  await until('frames for the one that came back', () => back.frames.length > 0)
  const seq = back.frames[0]!.header.seq
  await pause(3000) // More than 3 s after the first one left.
  const count = back.frames.length
  await until('frames still', () => back.frames.length > count + 5 && back.frames.at(-1)!.header.seq > seq + 20)
  await back.close()
  const leftAtMs = performance.now()
  await until('the decoder to stop', async () => (await gateway.camera(name)).decoding === 'no')
  const tookMs = performance.now() - leftAtMs
  t.ok(tookMs > 2500, `it stopped after ${tookMs.toFixed(0)} ms`)
})

t.test('a name in use and other credentials for a running address are errors', async (t) => {
  const { name, camera } = await liveCamera(t)
  const taken = await gateway.post('/cameras/start', { name, rtsp: 'rtsp://127.0.0.1:9/other' })
  t.equal(taken.status, 409)
  t.match(taken.body, { ok: false, code: 'ERR_NAME_IN_USE', error: /^name: .*"replace": true/ })
  const credentials = await gateway.post('/cameras/start', {
    name: 'z',
    rtsp: camera.url.replace('://', '://admin:S3CRET@'),
  })
  t.equal(credentials.status, 409)
  t.match(credentials.body, {
    ok: false,
    code: 'ERR_CREDENTIALS_DIFFER',
    error: /another user name or password.*"replace": true/,
  })
  t.notMatch(JSON.stringify(credentials.body), /S3CRET/)
  t.equal((await gateway.camera(name)).reconnects, 0)

  const replaced = await gateway.post('/cameras/start', { name, rtsp: camera.url, replace: true, pub_fps: 3 })
  t.match(replaced, { status: 200, body: { name, zmq_topic: name, pub_fps: 3, scale_width: 640 } })
  t.match(replaced.body, { ignored: [], replaced: camera.url })
  t.match(gateway.log, new RegExp(`camera ${name}: replaced by \\S+ at 127\\.0\\.0\\.1, with another pub_fps`))
  await gateway.untilState(name, 'live')
  t.equal(camera.total, 2)
  await until('the first session to end', () => camera.active === 1)
})

t.test('a camera lists its source and all its readers, and an unread one of a program is not saved', async (t) => {
  const { name, camera } = await liveCamera(t)
  const readers = [new WireReader(gateway.zmq, name), new WireReader(gateway.zmq, `${name}@64w1fps`)]
  t.teardown(() => readers.map((reader) => reader.close()))
  const stream = await fetch(`${gateway.base}/frames?cam=${name}&cam=${name}@64w2fps`)
  const counted = { zmq: 2, http: 2, webrtc: 0, hls: 0, rtsp: 0 }
  await until('the readers', async () => (await gateway.camera(name)).readers_by_kind.zmq === 2)
  t.match(await gateway.camera(name), { readers_by_kind: counted, readers: { mjpeg: 1 }, source: camera.url })
  await stream.body?.cancel()
  await readers[0]!.close()
  await until('it to leave', async () => (await gateway.camera(name)).readers_by_kind.zmq === 1)
  await gateway.post('/cameras/start', {
    name: 'ghost',
    rtsp: 'rtsp://u:S3CRET@127.0.0.1:9/x?token=S3CRET',
    keep: false,
  })
  t.equal((await gateway.camera('ghost')).source, 'rtsp://***@127.0.0.1:9/x?token=***')
  t.notMatch(readFileSync(gateway.options.stateFile, 'utf8'), /ghost/)
  await gateway.post('/cameras/stop', { name: 'ghost' })
})

t.test('a snapshot of a watched camera is younger than 200 ms, with its number, times and size', async (t) => {
  const { name } = await liveCamera(t, { pub_fps: 20 })
  const reader = new WireReader(gateway.zmq, name)
  t.teardown(() => reader.close())
  await until('frames', () => reader.frames.length > 5)
  const before = Date.now()
  const response = await fetch(`${gateway.base}/snapshot?cam=${name}`)
  t.equal(response.status, 200)
  t.equal(response.headers.get('content-type'), 'image/jpeg')
  const bytes = Buffer.from(await response.arrayBuffer())
  t.ok(bytes.subarray(0, 2).equals(Buffer.from([0xff, 0xd8])) && bytes.subarray(-2).equals(Buffer.from([0xff, 0xd9])))
  t.type(frameNumber(bytes), 'number', 'the picture is whole')
  const header = (name: string) => Number(response.headers.get(name) ?? NaN)
  t.ok(header('x-age-ms') <= 500, `${header('x-age-ms')} ms old`)
  t.ok(header('x-received-at-us') / 1000 > before - 1000)
  t.ok(header('x-published-at-us') >= header('x-received-at-us'))
  t.match(response.headers.get('x-seq'), /^\d+$/)
  t.same([header('x-width'), header('x-height')], [640, 360])
  const exposed = (response.headers.get('access-control-expose-headers') ?? '').split(', ')
  for (const name of ['X-Age-Ms', 'X-Seq', 'X-Received-At-Us', 'X-Published-At-Us', 'X-Width', 'X-Height'])
    t.ok(exposed.includes(name), `${name} can be read by pages of other origins`)
})

t.test('a snapshot of an unwatched camera is a new frame, not that of the last snapshot', async (t) => {
  const { name } = await liveCamera(t, { pub_fps: 10 })
  const snapshot = async () => {
    const response = await fetch(`${gateway.base}/snapshot?cam=${name}`)
    await response.arrayBuffer()
    t.equal(response.status, 200)
    return { ageMs: Number(response.headers.get('x-age-ms')), seq: Number(response.headers.get('x-seq')) }
  }
  const first = await snapshot()
  await until('the decoder to stop', async () => (await gateway.camera(name)).decoding === 'no')
  const second = await snapshot()
  // 200 ms, and what a busy machine adds. The frame of the first one is more than 3 s old by now.
  for (const { ageMs } of [first, second]) t.ok(ageMs <= 1500, `${ageMs} ms old`)
  t.ok(second.seq > first.seq)
})

t.test('a snapshot of an unreachable camera is 503 within 5 s, with the reason and Retry-After', async (t) => {
  const { name, camera } = await liveCamera(t)
  await (await fetch(`${gateway.base}/snapshot?cam=${name}`)).arrayBuffer()
  await camera.stop()
  await gateway.untilState(name, 'retrying')
  await pause(300) // A snapshot returns the last frame until it is 200 ms old.
  const askedAtMs = performance.now()
  const { status, body, headers } = await gateway.get(`/snapshot?cam=${name}`)
  const tookMs = performance.now() - askedAtMs
  t.equal(status, 503)
  t.match(body, { ok: false, code: 'ERR_FRAME_UNAVAILABLE', error: /has no fresh frame: / })
  t.equal(headers.get('retry-after'), '1')
  t.ok(tookMs > 4500 && tookMs < 15000, `after ${tookMs.toFixed(0)} ms`)
})

t.test('MJPEG is a multipart stream of whole frames in order', async (t) => {
  const { name } = await liveCamera(t)
  const stop = new AbortController()
  const response = await fetch(`${gateway.base}/mjpeg?cam=${name}`, { signal: stop.signal })
  t.match(response.headers.get('content-type'), /^multipart\/x-mixed-replace; boundary=framegate$/)
  let bytes = Buffer.alloc(0)
  for await (const chunk of response.body!) {
    bytes = Buffer.concat([bytes, chunk])
    if (bytes.toString('latin1').split('--framegate').length > 10) break
  }
  stop.abort()
  const numbers: number[] = []
  for (let at = 0; ;) {
    const head = bytes.indexOf('\r\n\r\n', at)
    if (head < 0) break
    const length = Number(/Content-Length: (\d+)/.exec(bytes.toString('latin1', at, head))?.[1])
    if (head + 4 + length > bytes.length) break
    numbers.push(frameNumber(bytes.subarray(head + 4, head + 4 + length)) ?? -1)
    at = head + 4 + length
  }
  t.ok(numbers.length >= 8)
  t.ok(
    numbers.every((number, i) => number >= 0 && (i === 0 || number > numbers[i - 1]!)),
    numbers.join(),
  )
})

t.test('streams end when all their cameras are stopped', async (t) => {
  const one = await liveCamera(t)
  const two = await liveCamera(t)
  const read = async (path: string) => {
    const response = await fetch(gateway.base + path)
    const stream = { bytes: 0, over: false }
    void (async () => {
      for await (const chunk of response.body!) stream.bytes += (chunk as Uint8Array).length
      stream.over = true
    })()
    await until('frames', () => stream.bytes > 5000)
    return stream
  }
  const mjpeg = await read(`/mjpeg?cam=${one.name}`)
  const both = await read(`/frames?cam=${one.name}&cam=${two.name}`)
  await gateway.post('/cameras/stop', { name: one.name })
  await until('the MJPEG stream to end', () => mjpeg.over)
  const bytes = both.bytes
  await until('more of the other camera', () => both.bytes > bytes + 50000)
  t.equal(both.over, false)
  await gateway.post('/cameras/stop', { name: two.name })
  await until('the stream of both to end', () => both.over)
})

t.test('/frames accepts at most 64 topics', async (t) => {
  const { name } = await liveCamera(t)
  const topics = (count: number) => Array.from({ length: count }, (_, i) => `cam=${name}@${16 + i}w1fps`).join('&')
  const { status, body } = await gateway.get(`/frames?${topics(65)}`)
  t.equal(status, 400)
  t.match(body, { code: 'ERR_FIELD_INVALID', error: /^cam: expected 1 to 64 cameras/ })
  const response = await fetch(`${gateway.base}/frames?${topics(64)}`)
  t.equal(response.status, 200)
  await response.body?.cancel()
})

t.test("readers count players at MediaMTX, without the gateway's own session", { skip: NO_MEDIAMTX }, async (t) => {
  const { name } = await liveCamera(t)
  const { hls } = await gateway.camera(name)
  const readers = async () => (await gateway.camera(name)).readers
  // Two health checks, in which the gateway's own session would be counted.
  await pause(4500)
  t.strictSame(await readers(), { mjpeg: 0, webrtc: 0, hls: 0, rtsp: 0 })
  await until('an HLS playlist', async () => {
    const response = await fetch(hls)
    await response.text()
    return response.ok
  })
  await until('the HLS reader', async () => (await readers()).hls > 0)
  t.equal((await readers()).rtsp, 0)
})

t.test('a slow MJPEG reader loses frames and does not lag', async (t) => {
  const { name } = await liveCamera(t, { pub_fps: 20, scale_width: 320 })
  const socket = net.connect(Number(new URL(gateway.base).port), '127.0.0.1')
  t.teardown(() => void socket.destroy())
  socket.write(`GET /mjpeg?cam=${name} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  let bytes = Buffer.alloc(0)
  const ages: number[] = []
  // 8 KiB every 100 ms: less than half of the camera's rate.
  for (let i = 0; i < 100 || (ages.length < 5 && i < 600); i++) {
    await pause(100)
    const chunk: Buffer | null = socket.read(8192) ?? socket.read()
    if (!chunk) continue
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const head = bytes.indexOf('X-Received-At-Us: ')
      const end = bytes.indexOf('\r\n', head)
      if (head < 0 || end < 0) break
      ages.push(Date.now() - Number(bytes.toString('latin1', head + 18, end)) / 1000)
      bytes = bytes.subarray(end)
    }
  }
  t.ok(ages.length >= 5, `${ages.length} frames`)
  // The kernel's buffers alone would add 2.6 s.
  t.ok(Math.max(...ages) < 2000, `ages ${ages.map(Math.round).join()} ms`)
})

t.test('a page of CORS_ORIGINS may use the API', async (t) => {
  const origin = 'http://localhost:5173'
  const simple = await fetch(`${gateway.base}/cameras`, { headers: { origin } })
  t.equal(simple.headers.get('access-control-allow-origin'), origin)
  await simple.arrayBuffer()
  const preflight = await fetch(`${gateway.base}/cameras/start`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })
  t.equal(preflight.status, 204)
  t.match(preflight.headers.get('access-control-allow-methods'), /POST/)
  t.match(preflight.headers.get('access-control-allow-headers'), /authorization,content-type/)
})

t.test('every invalid request gets an error with the field and what was expected, and changes nothing', async (t) => {
  const { name } = await liveCamera(t)
  const before = (await gateway.get('/cameras')).body.cameras.length
  const good = { name: 'n', rtsp: 'rtsp://127.0.0.1:9/x' }
  const wrong: [unknown, number, RegExp, string?][] = [
    ['{"name":', 400, /not valid JSON/, 'ERR_JSON_INVALID'],
    ['', 400, /not valid JSON/, 'ERR_JSON_INVALID'],
    ['[]', 400, /JSON object/],
    ['null', 400, /JSON object/],
    [{}, 400, /^name: .*missing/, 'ERR_FIELD_INVALID'],
    [{ ...good, name: 'a/b' }, 400, /^name: expected 1 to 64 letters/],
    [{ ...good, name: 'x'.repeat(65) }, 400, /^name: /],
    [{ ...good, name: 7 }, 400, /^name: /],
    [{ name: 'n' }, 400, /^rtsp: .*missing/],
    [{ ...good, rtsp: 'http://127.0.0.1/' }, 400, /^rtsp: expected an address that begins with rtsp/],
    [{ ...good, rtsp: 'file:///etc/passwd' }, 400, /^rtsp: /],
    [{ ...good, rtsp: 'rtsp://u:S3CRET@127.0.0.1:99999/' }, 400, /^rtsp: /],
    [{ ...good, pub_fps: 0 }, 400, /^pub_fps: .*0\.1 to 120/],
    [{ ...good, pub_fps: 121 }, 400, /^pub_fps: /],
    [{ ...good, pub_fps: '20' }, 400, /^pub_fps: .*got "20"/],
    [{ ...good, pub_fps: null }, 400, /^pub_fps: /],
    [{ ...good, scale_width: 3 }, 400, /^scale_width: .*16 to 7680/],
    [{ ...good, scale_width: 640.5 }, 400, /^scale_width: /],
    [{ ...good, jpeg_quality: 0 }, 400, /^jpeg_quality: /],
    [{ ...good, camera_time: 'yes' }, 400, /^camera_time: /],
    [{ ...good, rtsp_transport: 'quic' }, 400, /^rtsp_transport: expected automatic, tcp or udp; got "quic"/],
    [{ ...good, fps: 20 }, 400, /^unknown field "fps"; expected one of name, rtsp/],
    [JSON.stringify({ ...good, name: 'x'.repeat(70000) }), 413, /64 KiB/, 'ERR_BODY_TOO_LARGE'],
  ]
  for (const [body, status, message, code] of wrong) {
    const reply = await gateway.post('/cameras/start', body)
    const label = JSON.stringify(body).slice(0, 60)
    t.equal(reply.status, status, label)
    t.match(reply.body, { ok: false, error: message, code: code ?? /^ERR_/ }, label)
    t.notMatch(JSON.stringify(reply.body), /S3CRET/)
  }
  t.match((await gateway.post('/cameras/stop', { nam: 'x' })).body, { ok: false, error: /name|unknown field/ })
  t.equal((await gateway.get('/cameras')).body.cameras.length, before, 'nothing was started')
  await gateway.untilState(name, 'live')
})

t.test('errors for unknown paths and invalid parameters have the same form', async (t) => {
  const cases: [string, number, string][] = [
    ['/cameras/unknown', 404, 'ERR_CAMERA_NOT_FOUND'],
    ['/snapshot?cam=unknown', 404, 'ERR_CAMERA_NOT_FOUND'],
    ['/mjpeg?cam=unknown', 404, 'ERR_CAMERA_NOT_FOUND'],
    ['/snapshot', 400, 'ERR_FIELD_INVALID'],
    ['/snapshot?cam=a&cam=b', 400, 'ERR_FIELD_INVALID'],
    ['/mjpeg?cam=../x', 400, 'ERR_FIELD_INVALID'],
    ['/mjpeg?cam=lobby-1&size=3', 400, 'ERR_FIELD_INVALID'],
    ['/nothing', 404, 'ERR_NOT_FOUND'],
    ['/cameras/%', 404, 'ERR_'],
  ]
  for (const [path, status, code] of cases) {
    const reply = await gateway.get(path)
    t.equal(reply.status, status, path)
    t.match(reply.body, { ok: false, code: new RegExp(code) }, path)
  }
  for (const method of ['DELETE', 'PROPFIND', 'PURGE']) {
    const reply = await fetch(`${gateway.base}/cameras`, { method })
    t.equal(reply.status, 405, method)
    t.equal(reply.headers.get('allow'), 'HEAD, GET')
    t.match(await reply.json(), { ok: false, code: 'ERR_METHOD_NOT_ALLOWED' })
  }
})

t.test('clients that send garbage or stop halfway do no harm', async (t) => {
  const { name } = await liveCamera(t)
  const port = Number(new URL(gateway.base).port)
  const talk = (bytes: string) =>
    new Promise<void>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.write(bytes)
        setTimeout(() => socket.destroy(), 100)
      })
      socket.on('error', () => undefined).on('close', () => resolve())
    })
  await Promise.all([
    talk('\0\0\0\0'),
    talk(`GET /snapshot?cam=${name}`),
    talk('POST /cameras/start HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{"na'),
    talk('POST /cameras/start HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    talk(`GET /mjpeg?cam=${name} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`),
  ])
  t.match((await gateway.get('/health')).body, { ok: true, cameras: { live: 1 } })
  await until('readers that left to be forgotten', async () => (await gateway.camera(name)).mjpeg_readers === 0)
})

t.test('health has the version, MediaMTX and the cameras', async (t) => {
  await liveCamera(t)
  const { body } = await gateway.get('/health')
  t.match(body, {
    ok: true,
    version: /^\d+\.\d+\.\d+$/,
    uptime_s: Number,
    mediamtx: { mode: gateway.env.MEDIAMTX },
    cameras: { live: 1 },
  })
  for (const path of ['/health', '/cameras', '/nothing', '/openapi.json'])
    t.match(await (await fetch(gateway.base + path)).text(), /\}\n$/, `${path} ends with a line feed`)
})

t.test('GET /metrics follows a camera from its start to its stop', async (t) => {
  const { name, camera } = await liveCamera(t)
  const text = async () => {
    const response = await fetch(`${gateway.base}/metrics`)
    t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
    return response.text()
  }
  /** The sum over all series of the camera. */
  const valueOf = (scraped: string, metric: string, labels = '') =>
    [...scraped.matchAll(new RegExp(`^${metric}\\{camera="${name}"${labels}[^}]*\\} (\\S+)$`, 'gm'))].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    )
  const reader = new AbortController()
  t.teardown(() => reader.abort())
  // Kept until the end: fetch() closes the connection of a response that is garbage.
  const stream = await fetch(`${gateway.base}/mjpeg?cam=${name}`, { signal: reader.signal })
  t.teardown(() => void stream.body?.cancel().catch(() => undefined))
  const scraped = await until('shown frames', async () => {
    const found = await text()
    return valueOf(found, 'framegate_camera_frames_shown_total') >= 10 ? found : null
  })
  t.same(expositionProblems(scraped), [])
  t.equal(valueOf(scraped, 'framegate_camera_state', ',state="live"'), 1)
  t.equal(valueOf(scraped, 'framegate_camera_readers', ',kind="http"'), 1)
  t.ok(valueOf(scraped, 'framegate_camera_received_bytes_total') > 1000)
  t.ok(valueOf(scraped, 'framegate_camera_frames_decoded_total') >= 10)
  t.ok(valueOf(scraped, 'framegate_camera_jpegs_total') >= 10)
  const decodeCpuS = valueOf(scraped, 'framegate_camera_decode_cpu_seconds_total')
  t.ok(decodeCpuS > 0)
  t.ok(valueOf(scraped, 'framegate_camera_cpu_seconds_total') > decodeCpuS, 'receiving takes time too')
  const shown = valueOf(scraped, 'framegate_camera_frames_shown_total')
  for (const histogram of ['frame_age', 'stage'])
    t.ok(valueOf(scraped, `framegate_camera_${histogram}_seconds_count`) >= shown, histogram)
  t.match(scraped, new RegExp(`^framegate_camera_info\\{camera="${name}",codec="h264",size="640x360"`, 'm'))
  t.match(scraped, /^framegate_limit_used\{resource="http_connections"\} [1-9]/m)
  t.match(scraped, /^nodejs_eventloop_lag_p99_seconds \S+$/m)

  const { port } = new URL(camera.url)
  await camera.stop()
  await until('a counted failure', async () => valueOf(await text(), 'framegate_camera_reconnects_total') > 0)
  const away = await text()
  t.ok(valueOf(away, 'framegate_camera_frames_shown_total') >= shown, 'counts go on over sessions')
  t.equal(valueOf(away, 'framegate_camera_error'), 1)
  if (!NO_MEDIAMTX)
    for (const [where, expr] of [...alertQueries(), ...dashboardQueries()])
      t.same(unknownIn(expr, scraped + away), [], where)
  t.notMatch(away, new RegExp(`:${port}\\b`), 'no part of the address')
  await gateway.post('/cameras/stop', { name })
  t.notMatch(await text(), new RegExp(`"${name}"`))
})

t.test('GET /health/live and /health/ready answer 200 while the gateway can serve', async (t) => {
  t.strictSame([(await gateway.get('/health/live')).status, (await gateway.get('/health/ready')).status], [200, 200])
})

t.test('responses match GET /openapi.json', async (t) => {
  const { name, camera } = await liveCamera(t)
  const { body: document, headers } = await gateway.get('/openapi.json')
  t.match(headers.get('content-type'), /^application\/json/)
  t.match(document, { openapi: /^3\.1\./, info: { version: /^\d+\.\d+\.\d+$/ } })
  const start = { name, rtsp: camera.url }
  const calls: [string, string, number, Promise<Reply>][] = [
    ['get', '/cameras', 200, gateway.get('/cameras')],
    ['get', '/cameras/{name}', 200, gateway.get(`/cameras/${name}`)],
    ['get', '/cameras/{name}', 404, gateway.get('/cameras/unknown')],
    ['get', '/cameras/{name}/events', 200, gateway.get(`/cameras/${name}/events`)],
    ['get', '/cameras/{name}/events', 404, gateway.get('/cameras/unknown/events')],
    ['post', '/cameras/start', 200, gateway.post('/cameras/start', start)],
    ['post', '/cameras/start', 400, gateway.post('/cameras/start', '{')],
    ['post', '/cameras/start', 409, gateway.post('/cameras/start', { ...start, rtsp: 'rtsp://127.0.0.1:9/x' })],
    ['post', '/cameras/stop', 200, gateway.post('/cameras/stop', { name: 'unknown' })],
    ['post', '/cameras/stop', 400, gateway.post('/cameras/stop', {})],
    ['get', '/snapshot', 404, gateway.get('/snapshot?cam=unknown')],
    ['get', '/frames', 400, gateway.get('/frames')],
    ['get', '/mjpeg', 400, gateway.get('/mjpeg')],
    ['get', '/settings', 200, gateway.get('/settings')],
    ['get', '/health', 200, gateway.get('/health')],
    ['get', '/health/live', 200, gateway.get('/health/live')],
    ['get', '/health/ready', 200, gateway.get('/health/ready')],
  ]
  for (const [method, path, status, reply] of calls) {
    const { status: given, body } = await reply
    t.equal(given, status, `${method} ${path}`)
    t.equal(answerProblem(document, method, path, status, body), null, `${method} ${path} ${status}`)
  }
  const snapshot = await fetch(`${gateway.base}/snapshot?cam=${name}`)
  await snapshot.arrayBuffer()
  const described = Object.keys(document.paths['/snapshot'].get.responses['200'].headers)
  const exposed = snapshot.headers.get('access-control-expose-headers')?.split(', ') ?? []
  t.strictSame(
    exposed.filter((name) => !described.includes(name)),
    [],
  )
  t.ok(exposed.length >= 6)
})

t.test('a failing camera matches GET /openapi.json', async (t) => {
  const { body: document } = await gateway.get('/openapi.json')
  await gateway.post('/cameras/start', { name: 'away', rtsp: 'rtsp://127.0.0.1:9/x' })
  const away = await until('its error', async () => {
    const found = await gateway.camera('away')
    return found.last_error ? found : null
  })
  t.equal(away.last_error.code, 'ERR_SOURCE_UNREACHABLE')
  t.equal(answerProblem(document, 'get', '/cameras/{name}', 200, { ok: true, camera: away }), null)
  const log = await gateway.get('/cameras/away/events')
  t.equal(answerProblem(document, 'get', '/cameras/{name}/events', 200, log.body), null)
  const reason = { code: 'ERR_SOURCE_UNREACHABLE', message: away.last_error.message }
  t.match(log.body.events.slice(-2), [
    { kind: 'state', from: 'connecting', to: 'retrying', ...reason },
    { kind: 'started', count: 1, message: null },
  ])
  const { name } = await liveCamera(t)
  const askedAtMs = performance.now()
  for (const path of ['/snapshot', '/mjpeg', '/frames']) {
    const { status, body, headers } = await gateway.get(`${path}?cam=away`)
    t.match({ status, body }, { status: 503, body: { code: 'ERR_FRAME_UNAVAILABLE', error: /refused|reach/i } }, path)
    t.equal(headers.get('retry-after'), '1')
    t.equal(answerProblem(document, 'get', path, 503, body), null)
  }
  const tookMs = performance.now() - askedAtMs
  t.ok(tookMs < 4500, `the gateway knew the reason, and answered after ${tookMs.toFixed(0)} ms`)
  const both = await fetch(`${gateway.base}/frames?cam=away&cam=${name}`)
  t.equal(both.status, 200, 'one of the cameras may deliver')
  await both.body?.cancel()
  await gateway.post('/cameras/stop', { name: 'away' })
})

t.test('two starts of one address while it is stopping pull it once', async (t) => {
  const { name, camera } = await liveCamera(t)
  // One connection, so that the gateway gets the requests in this order, without waiting for responses.
  const socket = net.connect(Number(new URL(gateway.base).port), '127.0.0.1')
  t.teardown(() => void socket.destroy())
  let answers = ''
  socket.on('data', (chunk: Buffer) => (answers += chunk.toString()))
  for (const [path, body] of [
    ['stop', { name }],
    ['start', { name, rtsp: camera.url }],
    ['start', { name: `${name}-again`, rtsp: camera.url }],
  ] as const) {
    const text = JSON.stringify(body)
    socket.write(`POST /cameras/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
  }
  await until('three answers', () => answers.split('HTTP/1.1 200 ').length === 4)
  t.equal((await gateway.get(`/cameras/${name}-again`)).status, 404)
  await gateway.untilState(name, 'live')
  t.equal(camera.total, 2, 'one session before the stop, one after it')
})

t.test('stopping ends the session, and succeeds even if the camera is not running', async (t) => {
  const { name, camera } = await liveCamera(t)
  t.strictSame((await gateway.post('/cameras/stop', { name })).body, { ok: true, stopped: true })
  t.strictSame((await gateway.post('/cameras/stop', { name })).body, { ok: true, stopped: false })
  t.equal((await gateway.get(`/cameras/${name}`)).status, 404)
  await until('the camera to see its session end', () => camera.active === 0)
  t.equal(camera.total, 1)
})
