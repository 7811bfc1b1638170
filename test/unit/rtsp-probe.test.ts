// How a probe reads a camera's answers, whole and in pieces.

import { X509Certificate } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { parseCameraUrl } from '../../src/cameras/camera-url.js'
import { digestResponse } from '../../src/cameras/rtsp-auth.js'
import { AnswerReader } from '../../src/cameras/rtsp-answer.js'
import { probeCamera } from '../../src/cameras/rtsp-probe.js'
import { selfSigned, tlsBefore } from '../helpers/tls.js'

const parseAnswer = (bytes: Buffer) => new AnswerReader().push(bytes)

/** A camera that answers each request with what `answer` returns. @returns HOST:PORT */
async function camera(t: { teardown(run: () => unknown): void }, answer: (request: string) => string): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => socket.write(answer(data.toString())))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const describing = (media: string) => {
  const body = `v=0\r\n${media}`
  return `RTSP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

t.test('an answer is complete, partial or invalid', async (t) => {
  const whole = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nv=0\n'
  const answer = parseAnswer(Buffer.from(whole))
  t.match(answer, { status: 200, reason: 'OK', body: 'v=0\n' })
  for (let cut = 0; cut < whole.length; cut++) t.equal(parseAnswer(Buffer.from(whole.slice(0, cut))), 'partial')
  t.equal(parseAnswer(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), 'invalid')
  t.equal(parseAnswer(Buffer.from('SSH-2.0-OpenSSH')), 'invalid')
  t.equal(parseAnswer(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n')), 'invalid')
  t.equal(parseAnswer(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n')), 'invalid')
})

t.test('every answer maps to its error', async (t) => {
  const answers: [string, string, RegExp][] = [
    ['RTSP/1.0 401 Unauthorized\r\n\r\n', 'ERR_SOURCE_UNAUTHORIZED', /requires a user name and password \(401 Unauth/],
    ['RTSP/1.0 403 Forbidden\r\n\r\n', 'ERR_SOURCE_UNAUTHORIZED', /\(403 Forbidden\)/],
    ['RTSP/1.0 404 Not Found\r\n\r\n', 'ERR_SOURCE_NOT_FOUND', /has no such path \(404/],
    ['RTSP/1.0 453 Not Enough Bandwidth\r\n\r\n', 'ERR_SOURCE_BUSY', /no capacity/],
    ['RTSP/1.0 454 Session Not Found\r\n\r\n', 'ERR_SOURCE_NOT_FOUND', /has no such path/],
    ['RTSP/1.0 461 Unsupported Transport\r\n\r\n', 'ERR_SOURCE_TRANSPORT', /does not support this transport/],
    ['RTSP/1.0 500 Internal Server Error\r\n\r\n', 'ERR_SOURCE_READ', /responded with 500 Internal/],
    ['RTSP/1.0 503 Service Unavailable\r\n\r\n', 'ERR_SOURCE_BUSY', /no capacity/],
    ['HTTP/1.1 200 OK\r\n\r\n', 'ERR_SOURCE_READ', /does not speak RTSP/],
    [describing('m=audio 0 RTP/AVP 0\r\n'), 'ERR_SOURCE_NO_VIDEO', /offers audio but no video/],
    [describing(''), 'ERR_SOURCE_NO_VIDEO', /offers no video/],
  ]
  let answer = ''
  const host = await camera(t, () => answer)
  for (const [given, code, message] of answers) {
    answer = given
    await t.rejects(
      probeCamera(parseCameraUrl(`rtsp://${host}/s`), 5000, 'test'),
      { code, message },
      given.slice(0, 30),
    )
  }
  answer = describing('m=video 0 RTP/AVP 96\r\n')
  await probeCamera(parseCameraUrl(`rtsp://${host}/s`), 5000, 'test')
})

t.test('Digest with qop=auth, which most cameras use, is answered as RFC 2617 requires', async (t) => {
  const requests: string[] = []
  const host = await camera(t, (request) => {
    requests.push(request)
    const field = (name: string) => new RegExp(`[ ,]${name}="?([^",\r]*)`).exec(request)?.[1] ?? ''
    if (!request.includes('Authorization: Digest'))
      return 'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="cam", nonce="n1", qop="auth,auth-int"\r\n\r\n'
    const response = digestResponse({
      ...{ hash: 'md5', user: 'admin', password: 'p@ss', realm: 'cam', nonce: 'n1', method: 'DESCRIBE' },
      uri: field('uri'),
      clientNonce: field('cnonce'),
    })
    const right = field('response') === response && field('nc') === '00000001' && field('qop') === 'auth'
    return right ? describing('m=video 0 RTP/AVP 96\r\n') : 'RTSP/1.0 401 Unauthorized\r\n\r\n'
  })
  await probeCamera(parseCameraUrl(`rtsp://admin:p%40ss@${host}/s`), 5000, 'test')
  t.equal(requests.length, 2)
  await t.rejects(
    probeCamera(parseCameraUrl(`rtsp://admin:wrong@${host}/s`), 5000, 'test'),
    { code: 'ERR_SOURCE_UNAUTHORIZED', message: /refused the user name or password/ },
    'the camera checks',
  )
})

t.test('a redirect to an invalid address is not followed, and cannot inject a line into a request', async (t) => {
  let location = ''
  const requests: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (data) => {
      requests.push(data.toString())
      socket.write(`RTSP/1.0 302 Moved\r\nLocation: ${location}\r\n\r\n`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  for (location of [
    'rtsp://h:99999/',
    'rtsp://',
    `rtsp://${host}/x y`,
    `rtsp://${host}/\tx`,
    `rtsp://u%0aX-Injected@${host}/`,
    `rtsp://${host}/${'x'.repeat(3000)}`,
  ]) {
    requests.length = 0
    await t.rejects(
      probeCamera(parseCameraUrl(`rtsp://${host}/`), 5000, 'test'),
      { code: 'ERR_SOURCE_READ', message: `${host} responded with 302 Moved` },
      location.slice(0, 60),
    )
    t.equal(requests.length, 1)
  }
  location = `rtsp://${host}/\nX-Injected: 1`
  await t.rejects(probeCamera(parseCameraUrl(`rtsp://${host}/`), 5000, 'test'), {
    message: /redirects more than 4 times/,
  })
  t.notMatch(requests.join(''), /Injected/)
})

t.test('a redirect to a path stays at the camera', async (t) => {
  const requests: string[] = []
  const host = await camera(t, (request) => {
    requests.push(request)
    if (!request.includes('/real?z ')) return 'RTSP/1.0 301 Moved\r\nLocation: /real?z\r\n\r\n'
    if (!request.includes('Authorization')) return 'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n'
    return describing('m=video 0 RTP/AVP 96\r\n')
  })
  const found = await probeCamera(parseCameraUrl(`rtsp://admin:secret@${host}/cam`), 20000, 'test')
  t.match(found, { key: `rtsp://${host}/real?z`, user: 'admin', password: 'secret' })
})

t.test('a camera whose certificate is not trusted or not pinned gets no request at all', async (t) => {
  const requests: string[] = []
  const host = await camera(t, (request) => {
    requests.push(request)
    return request.includes('Authorization')
      ? describing('m=video 0 RTP/AVP 96\r\n')
      : 'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
  })
  const certificate = selfSigned()
  const fingerprint = new X509Certificate(certificate.cert).fingerprint256.replaceAll(':', '').toLowerCase()
  const port = await tlsBefore(t, Number(host.split(':')[1]), certificate)
  const probe = (pin: string | null) =>
    probeCamera(parseCameraUrl(`rtsps://admin:secret@127.0.0.1:${port}/s`), 5000, 'test', undefined, pin)
  await t.rejects(probe(null), { code: 'ERR_SOURCE_TLS', message: new RegExp(`not trusted.* ${fingerprint};`) })
  await t.rejects(probe('0'.repeat(64)), { code: 'ERR_SOURCE_TLS', message: new RegExp(`changed.* ${fingerprint}$`) })
  t.strictSame(requests, [])
  await probe(fingerprint)
  t.match(requests.join(), `Basic ${Buffer.from('admin:secret').toString('base64')}`)
})

t.test('credentials follow a redirect only to the same host, and not from rtsps to rtsp', async (t) => {
  const requests: string[] = []
  const challenge = 'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
  const asking = await camera(t, (request) => {
    requests.push(request)
    return request.includes('Authorization') ? describing('m=video 0 RTP/AVP 96\r\n') : challenge
  })
  let location = ''
  const redirecting = await camera(t, () => `RTSP/1.0 302 Moved\r\nLocation: ${location}\r\n\r\n`)
  const certificate = selfSigned()
  const fingerprint = new X509Certificate(certificate.cert).fingerprint256.replaceAll(':', '').toLowerCase()
  const secure = await tlsBefore(t, Number(redirecting.split(':')[1]), certificate)
  const probe = (from: string) => probeCamera(parseCameraUrl(from), 5000, 'test', undefined, fingerprint)

  location = `rtsp://${asking}/moved`
  t.match(await probe(`rtsp://admin:secret@${redirecting}/s`), { key: location, user: 'admin', password: 'secret' })
  t.match(requests.join(), /Authorization/)
  requests.length = 0
  const refused = { code: 'ERR_SOURCE_UNAUTHORIZED', message: /redirects to .*; start the camera with that address/ }
  await t.rejects(probe(`rtsps://admin:secret@127.0.0.1:${secure}/s`), refused, 'from rtsps to rtsp')
  location = `rtsp://admin:secret@localhost:${asking.split(':')[1]}/moved`
  await t.rejects(probe(`rtsp://admin:secret@${redirecting}/s`), refused, 'to another name')
  t.equal(requests.length, 2)
  t.notMatch(requests.join(), /Authorization/)
})
