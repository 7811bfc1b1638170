// Cameras that take one connection: the gateway never competes with itself.

import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { RtspProxy, type Oddity } from '../helpers/rtsp-proxy.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause } from '../helpers/wait.js'

const CAMERAS: Record<string, Oddity> = {
  'a new connection ends the one before, and PLAY is answered after 1.5 s': {
    accepts(_, others) {
      for (const other of others) other.destroy()
      return true
    },
    delayMs: (method) => (method === 'PLAY' ? 1500 : 0),
  },
  'a second connection is answered 453, and a DESCRIBE after 0.9 s': {
    answers: ({ open }) => (open.size > 1 ? 'RTSP/1.0 453 Not Enough Bandwidth' : null),
    delayMs: (method) => (method === 'DESCRIBE' ? 900 : 0),
  },
  'a second connection is closed, and SETUP is answered after 1 s': {
    accepts: (_, others) => others.size === 0,
    delayMs: (method) => (method === 'SETUP' ? 1000 : 0),
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
        const camera = await TestCamera.start({ gop: 10, path: '/x' })
        t.teardown(() => camera.stop())
        const proxy = await RtspProxy.start(t, camera, oddity)
        const name = `cam-${index}`
        await gateway.post('/cameras/start', { name, rtsp: `rtsp://127.0.0.1:${proxy.port}/x` })
        await gateway.untilState(name, 'live')
        await pause(1000) // A second connection would have been opened by now.
        t.match(await gateway.untilState(name, 'live'), { last_error: null, reconnects: 0 })
        t.equal(proxy.requests.filter((method) => method === 'PLAY').length, 1, 'one session')
        t.equal(proxy.connections, 1, 'one connection')
        await gateway.post('/cameras/stop', { name })
      })
    }
  })
}
