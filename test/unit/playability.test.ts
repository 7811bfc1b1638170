import t from 'tap'
import { judgePlayability } from '../../src/http/playability.js'

const yes = { ok: true, reason: null }
const unknown = { ok: null, reason: 'no video yet' }
const no = (reason: string) => ({ ok: false, reason })

t.test('which video a browser will play, how, and why not', async (t) => {
  const h264 = { codec: 'h264' }
  t.strictSame(judgePlayability(h264, false, null), { webrtc: yes, hls: yes, preferred: 'webrtc' })
  t.strictSame(judgePlayability(h264, true, null), {
    webrtc: no("the camera's H.264 has B-frames, which WebRTC cannot carry"),
    hls: yes,
    preferred: 'hls',
  })
  const h265 = no('few browsers play H.265, and only with hardware support')
  t.strictSame(judgePlayability({ codec: 'h265' }, false, null), { webrtc: h265, hls: h265, preferred: 'mjpeg' })
  const other = no('browsers do not play mjpeg over WebRTC or HLS')
  t.strictSame(judgePlayability({ codec: 'mjpeg' }, false, null), { webrtc: other, hls: other, preferred: 'mjpeg' })
})

t.test('before the stream is known, the result is neither yes nor no', async (t) => {
  t.strictSame(judgePlayability({ codec: 'h264' }, null, null), { webrtc: unknown, hls: yes, preferred: 'webrtc' })
  t.strictSame(judgePlayability(null, null, null), { webrtc: unknown, hls: unknown, preferred: 'webrtc' })
})

t.test('without MediaMTX there is only MJPEG, with the reason', async (t) => {
  const off = no('MEDIAMTX is off')
  for (const stream of [null, { codec: 'h264' }]) {
    t.strictSame(judgePlayability(stream, false, 'MEDIAMTX is off'), { webrtc: off, hls: off, preferred: 'mjpeg' })
  }
})
