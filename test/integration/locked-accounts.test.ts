// Cameras lock an account after some wrong passwords: the gateway sends few, whatever its clients ask for.

import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { RtspProxy, type Oddity } from '../helpers/rtsp-proxy.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'

let nonce = 0
const CAMERAS: Record<string, Oddity> = {
  'a camera with Basic': {},
  'a camera whose every 401 has a new nonce': {
    answers: ({ method, head }) =>
      method === 'DESCRIBE' && !head.includes('username="guest"')
        ? `RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="x", nonce="${++nonce}"`
        : null,
  },
}

t.jobs = 2
for (const mediamtx of ['managed', 'off'] as const) {
  const skip = mediamtx === 'managed' ? NO_MEDIAMTX : false
  t.test(`MEDIAMTX=${mediamtx}`, { skip }, async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx })
    t.teardown(() => gateway.stop())
    for (const [index, [what, oddity]] of Object.entries(CAMERAS).entries()) {
      t.test(what, async (t) => {
        const login: Record<string, string> = oddity.answers ? {} : { user: 'guest', password: 'S3CRET', auth: 'basic' }
        const camera = await TestCamera.start({ gop: 10, path: '/x', ...login })
        t.teardown(() => camera.stop())
        const proxy = await RtspProxy.start(t, camera, oddity)
        const name = `cam-${index}`
        const start = (credentials: string, more = {}) =>
          gateway.post('/cameras/start', { name, rtsp: `rtsp://${credentials}@127.0.0.1:${proxy.port}/x`, ...more })
        await start('admin:S3CRET-wrong')
        const refused = async () => (await gateway.camera(name)).last_error?.code === 'ERR_SOURCE_UNAUTHORIZED'
        await until('the refusal', refused)
        t.equal(proxy.logins, 1)
        const { next_attempt_s: nextS } = await gateway.camera(name)
        t.ok(nextS > 5 && nextS <= 120, `the API says when the gateway tries again: in ${nextS} s`)

        for (let i = 0; i < 5; i++) t.equal((await start('admin:S3CRET-wrong')).status, 200)
        await pause(1000)
        t.equal(proxy.logins, 1, 'a start with the same credentials is no reason to send them again')

        await start('admin:S3CRET-wrong', { retry: true })
        await until('the attempt', () => proxy.logins === 2)
        await pause(1000)
        t.equal(proxy.logins, 2, 'retry sends them once')

        const right = await gateway.post('/cameras/start', {
          name: 'another-name',
          rtsp: `rtsp://guest:S3CRET@127.0.0.1:${proxy.port}/x`,
        })
        t.match(right.body, { ok: true, name }, 'other credentials replace it, under its name')
        await gateway.untilState(name, 'live')
        const differ = await start('admin:S3CRET-wrong')
        t.match(differ, { status: 409, body: { code: 'ERR_CREDENTIALS_DIFFER' } }, 'a camera that is live stays')
        t.notMatch(gateway.log, /S3CRET/)
      })
    }
  })
}
