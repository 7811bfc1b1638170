import { createHash } from 'node:crypto'
import t from 'tap'
import { authorize, digestResponse } from '../../src/cameras/rtsp-auth.js'

const URL = { key: 'rtsp://h/s', user: 'Mufasa', password: 'Circle Of Life' }

t.test('Digest responses match the examples in the RFCs', async (t) => {
  const rfc2617 = {
    hash: 'md5',
    user: 'Mufasa',
    password: 'Circle Of Life',
    realm: 'testrealm@host.com',
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    method: 'GET',
    uri: '/dir/index.html',
  }
  t.equal(digestResponse({ ...rfc2617, clientNonce: '0a4f113b' }), '6629fae49393a05397450978507c4ef1', 'RFC 2617, 3.5')
  t.equal(digestResponse(rfc2617), '670fd8c2df070c60b045671b8b24ff02', 'the same without qop, by md5sum')
  const rfc7616 = {
    ...rfc2617,
    password: 'Circle of Life',
    realm: 'http-auth@example.org',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  }
  t.equal(digestResponse(rfc7616), '8ca523f5e9506fed4657c9700eebdbec', 'RFC 7616, 3.9.1')
  t.equal(
    digestResponse({ ...rfc7616, hash: 'sha256' }),
    '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    'RFC 7616, 3.9.1',
  )
})

t.test('Digest is preferred to Basic', async (t) => {
  const digest = authorize(['Basic realm="a"', 'Digest realm="r", nonce="n"'], URL)
  const md5 = (text: string) => createHash('md5').update(text).digest('hex')
  const response = md5(`${md5('Mufasa:r:Circle Of Life')}:n:${md5('DESCRIBE:rtsp://h/s')}`)
  t.equal(digest, `Digest username="Mufasa", realm="r", nonce="n", uri="rtsp://h/s", response="${response}"`)
  t.equal(authorize(['Basic realm="a"'], URL), `Basic ${Buffer.from('Mufasa:Circle Of Life').toString('base64')}`)
  t.equal(authorize(['Digest realm="x", nonce="y", algorithm=UNKNOWN'], URL), null)
  t.equal(authorize(['Basic realm="a", Digest realm="r", nonce="n"'], URL), digest, 'both in one header')
  t.equal(authorize([], URL), null)
})

t.test("qop=auth: the response contains the client's nonce, which differs each time", async (t) => {
  const nonces = new Set<string>()
  for (let i = 0; i < 2; i++) {
    const header = authorize(['Digest realm="x", nonce="y", algorithm=SHA-256, qop="auth", opaque="o"'], URL) ?? ''
    const match =
      /response="([0-9a-f]{64})", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="(\w{16})", opaque="o"$/.exec(header)
    const [, response, cnonce = ''] = match ?? []
    const sha = (text: string) => createHash('sha256').update(text).digest('hex')
    const [secret, request] = [sha('Mufasa:x:Circle Of Life'), sha('DESCRIBE:rtsp://h/s')]
    t.equal(response, sha(`${secret}:y:00000001:${cnonce}:auth:${request}`))
    nonces.add(cnonce)
  }
  t.equal(nonces.size, 2)
})

t.test('an algorithm that ends with -sess adds both nonces to the secret', async (t) => {
  for (const qop of ['', ', qop="auth"']) {
    const header = authorize([`Digest realm="x", nonce="y", algorithm=MD5-sess${qop}`], URL) ?? ''
    const cnonce = /cnonce="(\w{16})"/.exec(header)?.[1]
    const md5 = (text: string) => createHash('md5').update(text).digest('hex')
    const secret = md5(`${md5('Mufasa:x:Circle Of Life')}:y:${cnonce}`)
    const middle = qop ? `y:00000001:${cnonce}:auth` : 'y'
    t.match(header, `response="${md5(`${secret}:${middle}:${md5('DESCRIBE:rtsp://h/s')}`)}", algorithm=MD5-sess`)
  }
})
