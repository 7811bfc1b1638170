// A network that is too slow for the camera for a while, and then drains slowly: the gateway publishes none of the old
// frames that arrive.

import { join } from 'node:path'
import t from 'tap'
import { frameNumber } from '../helpers/frame-number.js'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { SlowWire } from '../helpers/slow-wire.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

// One after the other: the first test's JPEGs would be decoded while this process is the second test's network.
// JPEGs all have about the same size, so only the camera's answers show that they wait.
for (const [mediamtx, codec] of [
  ['managed', 'h264'],
  ['off', 'h264'],
  ['managed', 'mjpeg'],
] as const) {
  const skip = mediamtx === 'managed' && NO_MEDIAMTX
  t.test(`a narrow wire, MEDIAMTX=${mediamtx}, ${codec}`, { skip }, async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx })
    t.teardown(() => gateway.stop())
    const camera = await TestCamera.start({
      width: 320,
      height: 176,
      codec,
      fps: 25,
      gop: 25,
      'bitrate-kbps': 800,
      'report-frames': true,
    })
    t.teardown(() => camera.stop())
    const wire = await SlowWire.start(camera.port)
    t.teardown(() => wire.stop())
    await gateway.post('/cameras/start', { name: 'a', rtsp: wire.through(camera.url), pub_fps: 25 })
    await gateway.untilState('a', 'live')
    const reader = new WireReader(gateway.zmq, 'a', { dropJpegs: false })
    t.teardown(() => reader.close())
    await until('frames', () => reader.frames.length > 10)
    const before = wire.bytes
    await pause(2000)
    const rate = (wire.bytes - before) / 2

    wire.limit = rate * 0.6
    await until('a second of the stream to wait in the wire', () => wire.waitingBytes > rate)
    await until('a new session, which empties the wire', async () => {
      const { last_error } = await gateway.camera('a')
      return last_error?.code === 'ERR_SOURCE_LATE' || camera.total > 1
    })
    wire.limit = rate * 1.2
    const count = reader.frames.length
    await until('frames again', () => reader.frames.length > count + 25, { limitMs: 60000 })
    await pause(1000)

    const ages = reader.frames.map((frame) => {
      const made = camera.madeAtUs.get(frameNumber(frame.jpegBytes) ?? -1)
      return made === undefined ? NaN : (frame.header.published_at_us - made) / 1000
    })
    t.notOk(ages.some(Number.isNaN), 'every frame is one of the camera')
    // The limit is 250 ms from the arrival of the last packet; a busy machine adds to that. The wire held back more.
    t.ok(Math.max(...ages) < 1500, `${ages.length} frames, the oldest ${Math.max(...ages).toFixed(0)} ms`)
    t.match(gateway.log, /ERR_SOURCE_LATE/)
    t.equal(camera.active, 1)
  })
}
