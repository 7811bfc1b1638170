// Cameras behind TLS.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Gateway, type GatewayOptions } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { selfSigned, tlsBefore } from '../helpers/tls.js'
import { until } from '../helpers/wait.js'

let camera: TestCamera
t.before(async () => {
  camera = await TestCamera.start()
})
t.teardown(() => camera.stop())

async function start(
  t: { teardown(run: () => unknown): unknown },
  options: Omit<GatewayOptions, 'stateFile'>,
): Promise<Gateway> {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), ...options })
  t.teardown(() => gateway.stop())
  return gateway
}

for (const mediamtx of ['off', 'managed'] as const) {
  const skip = mediamtx === 'managed' ? NO_MEDIAMTX : false
  t.test(`a camera with a trusted certificate goes live, MEDIAMTX=${mediamtx}`, { skip }, async (t) => {
    const certificate = selfSigned()
    const file = join(temporaryFolder(t), 'trusted.pem')
    writeFileSync(file, certificate.cert)
    const port = await tlsBefore(t, camera.port, certificate)
    const gateway = await start(t, { mediamtx, env: { SSL_CERT_FILE: file } })
    await gateway.post('/cameras/start', { name: 'a', rtsp: `rtsps://127.0.0.1:${port}/cam` })
    await gateway.untilState('a', 'live')
  })
}

for (const mediamtx of ['off', 'managed'] as const) {
  const skip = mediamtx === 'managed' ? NO_MEDIAMTX : false
  t.test(
    `a camera with a certificate of its own plays with its fingerprint, MEDIAMTX=${mediamtx}`,
    { skip },
    async (t) => {
      const secret = await TestCamera.start({ user: 'admin', password: 'S3CRET' })
      t.teardown(() => secret.stop())
      const port = await tlsBefore(t, secret.port)
      const gateway = await start(t, { mediamtx })
      const request = { name: 'a', rtsp: `rtsps://admin:S3CRET@127.0.0.1:${port}/cam` }
      const failure = async (seen: RegExp) =>
        until('the reason', async () => {
          const { last_error: error } = await gateway.camera('a')
          return error && seen.test(error.message) && error
        })
      await gateway.post('/cameras/start', request)
      const untrusted = await failure(/not trusted/)
      t.equal(untrusted.code, 'ERR_SOURCE_TLS')
      const fingerprint = /[0-9a-f]{64}/.exec(untrusted.message)![0]
      await gateway.post('/cameras/start', { ...request, tls_fingerprint: 'ab'.repeat(32) })
      t.match(await failure(/has changed/), { code: 'ERR_SOURCE_TLS', message: fingerprint })
      t.equal((await secret.stats()).describes, 0, 'nothing was asked of it')
      const shown = fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:')
      await gateway.post('/cameras/start', { ...request, tls_fingerprint: shown })
      t.match(await gateway.untilState('a', 'live'), { tls_fingerprint: fingerprint, last_error: null })
    },
  )
}

for (const mediamtx of ['off', 'managed'] as const) {
  const skip = mediamtx === 'managed' ? NO_MEDIAMTX : false
  t.test(`a camera without TLS at an rtsps:// address is ERR_SOURCE_TLS, MEDIAMTX=${mediamtx}`, { skip }, async (t) => {
    const gateway = await start(t, { mediamtx })
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url.replace('rtsp:', 'rtsps:') })
    const error = await until('the reason', async () => (await gateway.camera('a')).last_error)
    t.match(error, { code: 'ERR_SOURCE_TLS', message: /TLS|tls/ })
  })
}
