// Cameras that deliver nothing: the gateway reports the reason in time, and reconnects on its own.

import net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { freePort } from '../helpers/ports.js'
import { RtspProxy } from '../helpers/rtsp-proxy.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'

// The limit is 2 s (6 s if nothing answers); a slow and busy machine gets much longer.
const SOON_MS = 15000
const NO_ANSWER_MS = 30000

t.jobs = 2
for (const mediamtx of ['managed', 'off'] as const) {
  t.test(`MEDIAMTX=${mediamtx}`, { skip: mediamtx === 'managed' ? NO_MEDIAMTX : false }, async (t) => {
    const gateway = await Gateway.start({
      stateFile: join(temporaryFolder(t), 'cameras.json'),
      mediamtx,
      env: { GIO_USE_PROXY_RESOLVER: 'none?token=S3CRET' }, // GLib warns of it at rtspsrc's first connection.
    })
    t.teardown(() => gateway.stop())
    const camera = await TestCamera.start({ user: 'admin', password: 'S3CRET@:w/rd', auth: 'digest', gop: 25 })
    t.teardown(() => camera.stop())
    const audioOnly = await TestCamera.start({ video: 'off', audio: 'alaw' })
    t.teardown(() => audioOnly.stop())
    const unsupported = await TestCamera.start()
    t.teardown(() => unsupported.stop())
    const described = await RtspProxy.start(t, unsupported, {
      description: (sdp) => sdp.replace(/H264\/90000/, 'H263-1998/90000').replace(/a=fmtp.*\r\n/g, ''),
    })
    const silent = net.createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    t.teardown(() => void silent.close())
    const silentPort = (silent.address() as net.AddressInfo).port
    const closedPort = await freePort()

    const failure = async (name: string, rtsp: string, code: string, message: RegExp, limitMs = SOON_MS) => {
      const started = await gateway.post('/cameras/start', { name, rtsp })
      t.match(started.body, { ok: true, state: 'connecting' }, `${name} answers at once`)
      const seen = await until(`last_error of ${name}`, async () => (await gateway.camera(name)).last_error, {
        limitMs,
      })
      t.equal(seen.code, code, `${name}: ${seen.message}`)
      t.match(seen.message, message)
      t.notMatch(JSON.stringify((await gateway.get('/cameras')).body), /S3CRET/)
    }

    await Promise.all([
      failure('refused', `rtsp://127.0.0.1:${closedPort}/x`, 'ERR_SOURCE_UNREACHABLE', /refused the connection/),
      failure(
        'nopath',
        camera.url.replace('://', '://admin:S3CRET%40%3Aw%2Frd@').replace('/cam', '/nothing'),
        'ERR_SOURCE_NOT_FOUND',
        /no such path/,
      ),
      failure(
        'badpassword',
        camera.url.replace('://', '://admin:S3CRET-wrong@'),
        'ERR_SOURCE_UNAUTHORIZED',
        /refused the user name or password/,
      ),
      failure(
        'codec',
        `rtsp://127.0.0.1:${described.port}/cam`,
        'ERR_CODEC_UNSUPPORTED',
        /sends H263-1998; Framegate decodes H.264/,
      ),
      failure('novideo', audioOnly.url, 'ERR_SOURCE_NO_VIDEO', /audio but no video/),
      failure('nohost', 'rtsp://camera.invalid/x', 'ERR_SOURCE_UNKNOWN_HOST', /host name .* cannot be resolved/),
      failure('noanswer', `rtsp://127.0.0.1:${silentPort}/x`, 'ERR_SOURCE_TIMEOUT', /did not respond/, NO_ANSWER_MS),
    ])
    const warning = /warn {2}gstreamer: GLib-GIO: Can't find module 'none\?token=\*\*\* specified/
    if (mediamtx === 'off') await until('the warning of GLib in the log', () => warning.test(gateway.log))
    t.notMatch(gateway.log, /S3CRET|GLib-GIO-WARNING/, 'it is there once')

    t.test('credentials with special characters work', async (t) => {
      await gateway.post('/cameras/stop', { name: 'badpassword' })
      await gateway.post('/cameras/start', {
        name: 'right',
        rtsp: camera.url.replace('://', '://admin:S3CRET%40%3Aw%2Frd@'),
      })
      await gateway.untilState('right', 'live')
      t.notMatch(gateway.log, /p@ss|p%40ss/)
      t.notMatch(JSON.stringify((await gateway.get('/cameras')).body), /p@ss|p%40ss/)
    })

    t.test('a camera goes live when it becomes reachable, and again after an absence', async (t) => {
      const port = await freePort()
      await failure('away', `rtsp://127.0.0.1:${port}/x`, 'ERR_SOURCE_UNREACHABLE', /refused the connection/)
      let late = await TestCamera.start({ port, path: '/x', gop: 25 })
      await gateway.untilState('away', 'live')
      t.equal((await gateway.camera('away')).last_error, null)
      await late.stop()
      await until('the loss to be reported', async () => (await gateway.camera('away')).last_error)
      late = await TestCamera.start({ port, path: '/x', gop: 25 })
      await gateway.untilState('away', 'live')
      t.equal(late.total, 1, 'one session is enough')
      await late.stop()
    })
  })
}
