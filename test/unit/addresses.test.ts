import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { parseCameraUrl, withCredentials } from '../../src/cameras/camera-url.js'
import { authorize, parseAnswer, probeCamera } from '../../src/cameras/rtsp-probe.js'
import { redact } from '../../src/redact.js'

t.test('addresses that differ in case of scheme and host, or by the default port, are one camera', async (t) => {
  const keys = ['rtsp://Host/Path?a=1', 'RTSP://host:554/Path?a=1', 'rtsp://user:pw@HOST/Path?a=1'].map(
    (rtsp) => parseCameraUrl(rtsp).key,
  )
  t.same(new Set(keys).size, 1)
  t.equal(keys[0], 'rtsp://host/Path?a=1')
  t.not(parseCameraUrl('rtsp://host/path').key, parseCameraUrl('rtsp://host/Path').key, 'the path has case')
  t.not(parseCameraUrl('rtsp://host:8554/a').key, parseCameraUrl('rtsp://host/a').key)
  t.equal(parseCameraUrl('rtsps://host:322/a').key, 'rtsps://host/a')
  t.equal(parseCameraUrl('rtsp://[FE80::1]:554/a').key, 'rtsp://[fe80::1]/a')
  t.equal(parseCameraUrl('rtsp://host').key, 'rtsp://host/')
})

t.test('credentials are taken apart, decoded, and put back encoded', async (t) => {
  const url = parseCameraUrl('rtsp://admin:p%40ss%2Fw@rd:x@10.0.0.1/s')
  t.equal(url.user, 'admin')
  t.equal(url.password, 'p@ss/w@rd:x')
  t.equal(withCredentials(url), 'rtsp://admin:p%40ss%2Fw%40rd%3Ax@10.0.0.1/s')
  t.equal(withCredentials(parseCameraUrl('rtsp://10.0.0.1/s')), 'rtsp://10.0.0.1/s')
  t.equal(parseCameraUrl('rtsp://u:100%@h/').password, '100%', 'a bare % is no error')
})

t.test('redact takes credentials out of any text', async (t) => {
  t.equal(redact('dial rtsp://admin:secret@10.0.0.1/s failed'), 'dial rtsp://***@10.0.0.1/s failed')
  t.notMatch(redact('rtsp://u:p@ss@w@h:554/x?y=z@1'), /ss@w|u:p/)
  t.equal(redact('http://host/a@b'), 'http://host/a@b', 'an @ in a path is none')
  t.equal(redact('a rtsp://x:y@h/ and RTSPS://x:y@h/'), 'a rtsp://***@h/ and RTSPS://***@h/')
})

t.test('RTSP answers: whole, partial and nonsense', async (t) => {
  const whole = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nv=0\n'
  const answer = parseAnswer(Buffer.from(whole))
  t.match(answer, { status: 200, reason: 'OK', body: 'v=0\n' })
  for (let cut = 0; cut < whole.length; cut++) t.equal(parseAnswer(Buffer.from(whole.slice(0, cut))), 'partial')
  t.equal(parseAnswer(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), 'invalid')
  t.equal(parseAnswer(Buffer.from('SSH-2.0-OpenSSH')), 'invalid')
  t.equal(parseAnswer(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n')), 'invalid')
  t.equal(parseAnswer(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n')), 'invalid')
})

t.test('Digest is answered before Basic, as RFC 2617 computes it', async (t) => {
  const url = { key: 'rtsp://h/s', user: 'Mufasa', password: 'Circle Of Life' }
  const digest = authorize(['Basic realm="a"', 'Digest realm="testrealm@host.com", nonce="dcd98b"'], url)
  // echo -n of the three strings of RFC 2617, 3.2.2, with md5sum.
  t.match(
    digest,
    /^Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b", uri="rtsp:\/\/h\/s", response="[0-9a-f]{32}"$/,
  )
  t.equal(authorize(['Basic realm="a"'], url), `Basic ${Buffer.from('Mufasa:Circle Of Life').toString('base64')}`)
  t.equal(authorize(['Digest realm="x", nonce="y", algorithm=UNKNOWN'], url), null)
  t.equal(authorize([], url), null)
  t.match(
    authorize(['Digest realm="x", nonce="y", algorithm=SHA-256, qop="auth", opaque="o"'], url),
    /qop=auth, nc=00000001, cnonce="[0-9a-f]{16}", opaque="o"/,
  )
})

t.test('a redirect to what is no address is not followed, and nothing of it becomes a line of a request', async (t) => {
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
      { code: 'ERR_SOURCE_READ', message: `${host} answered 302 Moved` },
      location.slice(0, 60),
    )
    t.equal(requests.length, 1)
  }
  location = `rtsp://${host}/\nX-Injected: 1`
  await t.rejects(probeCamera(parseCameraUrl(`rtsp://${host}/`), 5000, 'test'), { message: /redirects without end/ })
  t.notMatch(requests.join(''), /Injected/)
})
