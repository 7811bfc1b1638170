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

t.test('a camera with a trusted certificate goes live', { skip: NO_MEDIAMTX }, async (t) => {
  const certificate = selfSigned()
  const file = join(temporaryFolder(t), 'trusted.pem')
  writeFileSync(file, certificate.cert)
  const port = await tlsBefore(t, camera.port, certificate)
  // MediaMTX is written in Go, which reads trusted certificates from this file.
  const gateway = await start(t, { mediamtx: 'managed', env: { SSL_CERT_FILE: file } })
  await gateway.post('/cameras/start', { name: 'a', rtsp: `rtsps://127.0.0.1:${port}/cam` })
  await gateway.untilState('a', 'live')
})

t.test('a camera with an untrusted certificate is ERR_SOURCE_TLS', { skip: NO_MEDIAMTX }, async (t) => {
  const port = await tlsBefore(t, camera.port)
  const gateway = await start(t, { mediamtx: 'managed' })
  await gateway.post('/cameras/start', { name: 'a', rtsp: `rtsps://127.0.0.1:${port}/cam` })
  const error = await until('the reason', async () => (await gateway.camera('a')).last_error)
  t.match(error, { code: 'ERR_SOURCE_TLS', message: /certificate/ })
})

for (const mediamtx of ['off', 'managed'] as const) {
  const skip = mediamtx === 'managed' ? NO_MEDIAMTX : false
  t.test(`a camera without TLS at an rtsps:// address is ERR_SOURCE_TLS, MEDIAMTX=${mediamtx}`, { skip }, async (t) => {
    const gateway = await start(t, { mediamtx })
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url.replace('rtsp:', 'rtsps:') })
    const error = await until('the reason', async () => (await gateway.camera('a')).last_error)
    t.match(error, { code: 'ERR_SOURCE_TLS', message: /TLS|tls/ })
  })
}
