// Cameras that set the RTP marker on every NAL unit, or never: pictures of several slices arrive whole all the same.

import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { RtspProxy } from '../helpers/rtsp-proxy.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

const MARKER = 0x80
const FU_END = 0x40

/** Whether the packet ends a NAL unit: it is not a fragment, or the last one. */
function endsNal(rtp: Buffer, codec: string): boolean {
  if (codec === 'h264') return (rtp[12]! & 31) !== 28 || (rtp[13]! & FU_END) !== 0
  return ((rtp[12]! >> 1) & 63) !== 49 || (rtp[14]! & FU_END) !== 0
}

const MARKERS = {
  'on every NAL unit': (rtp: Buffer, codec: string) => {
    if (endsNal(rtp, codec)) rtp[1]! |= MARKER
  },
  never: (rtp: Buffer) => {
    rtp[1]! &= ~MARKER
  },
}

t.jobs = 2
for (const mediamtx of ['managed', 'off'] as const) {
  t.test(`MEDIAMTX=${mediamtx}`, { skip: mediamtx === 'managed' ? NO_MEDIAMTX : false }, async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx })
    t.teardown(() => gateway.stop())
    const play = async (codec: 'h264' | 'h265', bframes: number, what: keyof typeof MARKERS) => {
      const slices = codec === 'h264' ? 3 : 1
      const size = { width: 320, height: 192, gop: 20, fps: 20 }
      const camera = await TestCamera.start({ ...size, codec, slices, bframes })
      t.teardown(() => camera.stop())
      const proxy = await RtspProxy.start(t, camera, { packet: (rtp) => MARKERS[what](rtp, codec) })
      const name = `${codec}-${bframes}-${what.replaceAll(' ', '-').toLowerCase()}`
      await gateway.post('/cameras/start', { name, rtsp: `rtsp://127.0.0.1:${proxy.port}/cam`, pub_fps: 60 })
      const reader = new WireReader(gateway.zmq, name)
      t.teardown(() => reader.close())
      const direct = mediamtx === 'off' || (codec === 'h265' && what === 'never')
      await until(`the way of ${name}`, async () => ((await gateway.camera(name)).mediamtx_reason !== null) === direct)
      const earlier = reader.frames.length
      await until(`frames of ${name}`, () => reader.frames.length >= earlier + 5)
      const gated = (await gateway.camera(name)).frames_gated as number
      const before = reader.frames.length
      await until(`more frames of ${name}`, () => reader.frames.length >= before + 60)
      const { state, frames_gated } = await gateway.camera(name)
      t.same({ state, frames_gated }, { state: 'live', frames_gated: gated }, name)
    }
    await Promise.all([
      play('h264', 0, 'on every NAL unit'),
      play('h264', 2, 'never'),
      play('h265', 0, 'on every NAL unit'),
      play('h265', 0, 'never'), // MediaMTX drops packets of it, so the gateway pulls it directly.
    ])
  })
}
