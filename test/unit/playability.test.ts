import net from 'node:net'
import t from 'tap'
import { judgePlayability } from '../../src/http/playability.js'
import { portHolder } from '../../src/port-holder.js'

t.test('what a browser will play, by which way, and why not', async (t) => {
  const h264 = { codec: 'h264' }
  t.strictSame(judgePlayability(h264, false, null), {
    webrtc: { ok: true, reason: null },
    hls: { ok: true, reason: null },
    preferred: 'webrtc',
  })
  t.match(judgePlayability(h264, true, null), {
    webrtc: { ok: false, reason: /B-frames/ },
    hls: { ok: true },
    preferred: 'hls',
  })
  t.match(judgePlayability(h264, null, null), { webrtc: { ok: null, reason: /no video yet/ }, preferred: 'webrtc' })
  t.match(judgePlayability(null, null, null), { webrtc: { ok: null }, hls: { ok: null }, preferred: 'webrtc' })
  t.match(judgePlayability({ codec: 'h265' }, false, null), {
    webrtc: { ok: false, reason: /H\.265/ },
    hls: { ok: false },
    preferred: 'mjpeg',
  })
  t.match(judgePlayability({ codec: 'mjpeg' }, false, null), {
    webrtc: { ok: false, reason: /mjpeg/ },
    preferred: 'mjpeg',
  })
  t.match(judgePlayability(h264, false, 'MEDIAMTX is off'), {
    webrtc: { ok: false, reason: 'MEDIAMTX is off' },
    preferred: 'mjpeg',
  })
})

t.test('the process that holds a port is named', async (t) => {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  t.match(portHolder((server.address() as net.AddressInfo).port), new RegExp(`\\(process ${process.pid}\\)$`))
  t.equal(portHolder(1), null)
})
