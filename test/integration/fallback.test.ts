// What MediaMTX cannot carry, the gateway pulls directly, one camera at a time.

import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { RtspProxy, type Oddity } from '../helpers/rtsp-proxy.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'

const DESCRIPTIONS: Record<string, (sdp: string) => string> = {
  'an audio track of a clock rate that is none': (sdp) =>
    `${sdp}m=audio 0 RTP/AVP 97\r\na=control:trackID=9\r\na=rtpmap:97 MPEG4-GENERIC/none\r\n`,
  'a line without a type, and BEL and ESC in the next': (sdp) => `${sdp}\x07\x1b[31m\r\n=x\r\n`,
  'a port of nine digits': (sdp) => sdp.replace('m=video 0', 'm=video 999999999'),
}

t.test('MEDIAMTX=managed', { skip: NO_MEDIAMTX }, async (t) => {
  const gateway = await Gateway.start({
    stateFile: join(temporaryFolder(t), 'cameras.json'),
    mediamtx: 'managed',
    env: { MTX_AUTHHTTPEXCLUDE_0_ACTION: 'api' },
  })
  t.teardown(() => gateway.stop())
  const plain = await TestCamera.start({ gop: 10, path: '/x' })
  t.teardown(() => plain.stop())
  const direct = { mediamtx_path: null, webrtc_whep: null, hls: null, rtsp_url: null }

  for (const [index, [what, description]] of Object.entries(DESCRIPTIONS).entries()) {
    t.test(`a description with ${what}`, async (t) => {
      const camera = await RtspProxy.start(t, plain, { description })
      const name = `sdp-${index}`
      await gateway.post('/cameras/start', { name, rtsp: `rtsp://127.0.0.1:${camera.port}/x` })
      t.match(await gateway.untilState(name, 'live'), { ...direct, mediamtx_reason: /directly: MediaMTX cannot pull/ })
      await gateway.post('/cameras/stop', { name })
    })
  }

  t.test('a user without a password, which MediaMTX itself would refuse, stays there', async (t) => {
    await gateway.post('/cameras/start', { name: 'user', rtsp: plain.url.replace('://', '://admin:@') })
    t.match(await gateway.untilState('user', 'live'), { mediamtx_path: 'user', mediamtx_reason: null })
    await gateway.post('/cameras/stop', { name: 'user' })
  })

  t.test('MJPEG whose size is in the description only, and through MediaMTX again on a new start', async (t) => {
    const camera = await TestCamera.start({ codec: 'mjpeg', height: 112, fps: 5 })
    t.teardown(() => camera.stop())
    const oddity: Oddity = {
      description: (sdp) => `${sdp}a=x-dimensions:640,112\r\n`,
      // RFC 2435, 3.1: width and height in blocks of 8 pixels.
      packet: (rtp) => void rtp.fill(0, 18, 20),
    }
    const proxy = await RtspProxy.start(t, camera, oddity)
    const start = () => gateway.post('/cameras/start', { name: 'jpeg', rtsp: `rtsp://127.0.0.1:${proxy.port}/cam` })
    await start()
    t.match(await gateway.untilState('jpeg', 'live'), direct)
    await gateway.post('/cameras/stop', { name: 'jpeg' })
    delete oddity.packet
    await start()
    t.match(await gateway.untilState('jpeg', 'live'), { mediamtx_path: 'jpeg', mediamtx_reason: null })
  })

  t.test('a camera that MediaMTX carries stays there, whatever befalls its connection', async (t) => {
    await gateway.post('/cameras/start', { name: 'good', rtsp: plain.url })
    await gateway.untilState('good', 'live')
    const path = await fetch(`http://${gateway.env.MTX_APIADDRESS}/v3/paths/get/good`)
    t.match(await path.json(), { ready: true, readers: [] }, 'the gateway does not read it back')
    await plain.command('fault fin')
    await until('a new session', async () => (await gateway.camera('good')).reconnects > 0)
    t.match(await gateway.untilState('good', 'live'), { mediamtx_path: 'good', mediamtx_reason: null })
  })
})
