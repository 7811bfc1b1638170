// Sources that begin in the middle of a GOP: the gateway waits for the key frame in the same session, and says so.

import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'

// Longer than any limit for the first packet or frame.
const GOP_S = 13

const SOURCES = [
  { mediamtx: 'managed', codec: 'h264' },
  { mediamtx: 'managed', codec: 'h265' },
  { mediamtx: 'off', codec: 'h264' },
  { mediamtx: 'off', codec: 'h265' },
] as const

t.jobs = SOURCES.length
for (const { mediamtx, codec } of SOURCES) {
  const skip = mediamtx === 'managed' ? NO_MEDIAMTX : false
  t.test(`${codec}, MEDIAMTX=${mediamtx}`, { skip }, async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx })
    t.teardown(() => gateway.stop())
    // The camera encodes once for all its clients, so the second one joins in the middle of a GOP.
    const camera = await TestCamera.start({ codec, width: 320, height: 180, fps: 10, gop: 10 * GOP_S })
    t.teardown(() => camera.stop())
    await gateway.post('/cameras/start', { name: 'first', rtsp: camera.url })
    await gateway.untilState('first', 'live')
    t.equal((await gateway.camera('first')).waiting_for_key_frame_s, null)

    await gateway.post('/cameras/start', { name: 'second', rtsp: camera.url.replace('127.0.0.1', 'localhost') })
    const fault = await until('the reason', async () => (await gateway.camera('second')).last_error)
    t.match(fault, { code: 'ERR_NO_KEY_FRAME', message: /waiting for one/ })
    const waiting = await gateway.camera('second')
    t.equal(waiting.state, 'connecting')
    t.ok(waiting.waiting_for_key_frame_s! >= 4.9, `${waiting.waiting_for_key_frame_s} s`)

    await gateway.untilState('second', 'live', 2000 * GOP_S)
    const live = await gateway.camera('second')
    t.match(live, { waiting_for_key_frame_s: null, last_error: null, reconnects: 0 })
  })
}
