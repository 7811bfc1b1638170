// Cameras whose streams would take more and more memory: their error names the reason, and a healthy camera beside them
// is not disturbed. bench/picture_attacks.py has many more.

import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { temporaryFolder } from '../helpers/paths.js'
import { RtspProxy, type Oddity } from '../helpers/rtsp-proxy.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

/** Sends other payloads instead of the video's, and renumbers the packets. */
function payloads(change: (payload: Buffer, at: number) => Buffer[]): Oddity['packet'] {
  let at = 0
  let number = 0
  return (rtp) =>
    change(rtp.subarray(12), at++).map((payload, i, all) => {
      const packet = Buffer.concat([rtp.subarray(0, 12), payload])
      if (i < all.length - 1) packet[1]! &= 0x7f
      packet.writeUInt16BE(number++ & 0xffff, 2)
      return packet
    })
}

/** A PPS with a number of its own (Exp-Golomb, 127 to 254). */
const otherSet = (i: number) => Buffer.from([0x68, 0x01, i & 0x7f, ...Buffer.alloc(1400, 0x55)])

const begun = Buffer.of(0x7c, 0x85)
const fragment = Buffer.concat([Buffer.of(0x7c, 0x05), Buffer.alloc(1400, 0x55)])

const CAMERAS: Record<string, { oddity: Oddity; code: string; message: RegExp }> = {
  'a picture never ends': {
    oddity: {
      packet: payloads((payload, at) =>
        at < 50 ? [payload] : [...(at === 50 ? [begun] : []), ...Array<Buffer>(200).fill(fragment)],
      ),
    },
    code: 'ERR_SOURCE_STREAM',
    message: /32 MB without completing a picture/,
  },
  'parameter sets grow': {
    oddity: { packet: payloads((payload, at) => [otherSet(2 * at), otherSet(2 * at + 1), payload]) },
    code: 'ERR_CODEC_UNSUPPORTED',
    message: /parameter sets are larger than 64 KB/,
  },
}

t.test('streams that cannot be shown are refused with their reason', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start({ width: 320, height: 180, path: '/x', gop: 25 })
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'healthy', rtsp: camera.url })
  await gateway.untilState('healthy', 'live')
  const check = async ([what, { oddity, code, message }]: [string, (typeof CAMERAS)[string]], index: number) => {
    const proxy = await RtspProxy.start(t, camera, oddity)
    const name = `hostile-${index}`
    const reader = new WireReader(gateway.zmq, name)
    t.teardown(() => reader.close())
    await gateway.post('/cameras/start', { name, rtsp: `rtsp://127.0.0.1:${proxy.port}/x` })
    const found = async () => {
      const error = (await gateway.camera(name)).last_error
      return error?.code === code && error
    }
    const error = await until(`${code} of a camera whose ${what}`, found, { limitMs: 60000 })
    t.match(error, { message }, what)
    await gateway.post('/cameras/stop', { name })
  }
  await Promise.all(Object.entries(CAMERAS).map(check))
  t.match(await gateway.untilState('healthy', 'live'), { last_error: null, reconnects: 0 })
})
