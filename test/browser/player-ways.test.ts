// Which way ReactWhepSample plays a camera, in a real Chromium: WebRTC, HLS or MJPEG, and when it tries another one.

import jpeg from 'jpeg-js'
import type { Browser } from 'playwright-core'
import t from 'tap'
import { App, launchChromium, noPlayer, serveApp, startCamera, startGateway } from '../helpers/browser.js'
import type { Test } from '../helpers/browser.js'
import { ReverseProxy } from '../helpers/reverse-proxy.js'
import { CORS, serve, type Handler } from '../helpers/serve.js'
import { pause, until } from '../helpers/wait.js'

let browser: Browser
let address: string

/** A stand-in for a gateway with one camera, "a". MediaMTX has the same address: `other` answers its requests. */
async function standInGateway(
  t: Test,
  other: Handler,
  state = 'live',
  asked: () => void = () => undefined,
): Promise<string> {
  const base = await serve(t, (request, response) => {
    if (request.url !== '/cameras/a') return other(request, response)
    asked()
    const camera = { name: 'a', state, codec: 'h264', webrtc_whep: `${base}/a/whep`, hls: `${base}/a.m3u8` }
    return response.writeHead(200, CORS).end(JSON.stringify({ ok: true, camera: { ...camera, fps: 25 } }))
  })
  return base
}

/** Stops the page's clock: only page.clock.runFor advances it. */
async function openWithClock(t: Test): Promise<App> {
  const app = await App.open(t, browser, address, async (page) => {
    await page.clock.install({ time: 0 })
    await page.addInitScript('Math.random = () => 0.5') // The middle of every random delay.
  })
  await app.page.clock.pauseAt(600_000)
  return app
}

t.test('the player', { skip: noPlayer }, async (t) => {
  browser = await launchChromium(t)
  address = await serveApp(t)

  await t.test('plays a camera with B-frames over HLS, without flapping', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t, { bframes: 2 })
    const app = await App.open(t, browser, address)
    await app.show({ gatewayBase: gateway.base, cameraName: 'b', rtspUrl: camera.url })
    const status = await app.untilStatus('fallback', 'hls')
    t.match(status.reason, /B-frames/)
    t.match(await app.scripts(), /\/hls-/, 'hls.js is loaded')
    await app.untilMoving()
    const count = (await app.states()).length
    await pause(8000)
    // A busy machine may stall HLS for a moment.
    const later = (await app.states()).slice(count)
    t.same(
      later.filter(({ way }) => way !== 'hls'),
      [],
      'the way stays',
    )
    await app.untilMoving()
  })

  await t.test('plays H.265 over the best way that this browser supports', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t, { codec: 'h265' })
    const app = await App.open(t, browser, address)
    const best = await app.page.evaluate<'webrtc' | 'hls' | 'mjpeg'>(`
      RTCRtpReceiver.getCapabilities('video').codecs.some(({ mimeType }) => mimeType === 'video/H265') ? 'webrtc'
        : MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L120.B0"') ? 'hls' : 'mjpeg'`)
    await app.show({ gatewayBase: gateway.base, cameraName: 'h', rtspUrl: camera.url })
    const status = await app.untilStatus(best === 'webrtc' ? 'live' : 'fallback', best)
    if (best !== 'webrtc') t.match(status.reason, /H\.265/)
    await app.untilMoving()
    t.ok(
      (await app.states()).every(({ way }) => way === null || way === best),
      'no other way was shown',
    )
    t.comment(`this browser plays H.265 over ${best}`)
  })

  await t.test('falls back to HLS without UDP and to MJPEG without HLS, and returns to HLS', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t)
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
    const { hls } = await gateway.untilState('a', 'live')
    const closed = await launchChromium(t, [
      '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
      '--webrtc-ip-handling-policy=disable_non_proxied_udp',
    ])
    const app = await App.open(t, closed, address)
    const startedAtMs = Date.now()
    await app.show({ gatewayBase: gateway.base, cameraName: 'a' })
    await app.untilStatus('fallback', 'hls')
    t.comment(`HLS after ${Date.now() - startedAtMs} ms`)
    await app.untilMoving()
    await app.hide()

    const withoutHls = await App.open(t, closed, address)
    await withoutHls.page.route(`${new URL(hls).origin}/**`, (route) => route.abort())
    await withoutHls.show({ gatewayBase: gateway.base, cameraName: 'a' })
    await withoutHls.untilStatus('fallback', 'mjpeg')
    await withoutHls.untilMoving()
    await withoutHls.page.unroute(`${new URL(hls).origin}/**`)
    await withoutHls.untilStatus('fallback', 'hls', 90000)
    await withoutHls.untilMoving()
  })

  await t.test('returns to WebRTC once MediaMTX accepts it', async (t) => {
    const proxy = await ReverseProxy.start(t)
    const gateway = await startGateway(t, proxy.env)
    proxy.passTo(gateway)
    let refusing = true
    proxy.refuse = ({ method }) => (refusing && method === 'POST' ? 503 : undefined)
    const camera = await startCamera(t)
    const app = await App.open(t, browser, address)
    await app.show({ gatewayBase: gateway.base, cameraName: 'a', rtspUrl: camera.url })
    const status = await app.untilStatus('fallback', 'hls')
    t.match(status.reason, /refused WebRTC \(HTTP 503\)/)
    await app.untilMoving()
    refusing = false
    await app.untilStatus('live', 'webrtc', 90000)
    await app.untilMoving()
    t.equal(await app.page.evaluate('app.media()'), 1, 'the HLS element is removed')
  })

  await t.test('retries a way that fails after 2, 4, 8, 16, 32, 60, 60 s', async (t) => {
    const gatewayBase = await standInGateway(t, ({ method }, response) =>
      response.writeHead(method === 'POST' ? 503 : 200, CORS).end(),
    )
    const app = await openWithClock(t)
    await app.show({ gatewayBase, cameraName: 'a', ways: ['webrtc'] })
    let startedAtMs: number[] = []
    await until(
      'eight attempts',
      async () => {
        await app.page.clock.runFor(500)
        await until('all answers', async () => (await app.page.evaluate('app.pending()')) === 0, { everyMs: 5 })
        startedAtMs = (await app.requests()).filter(({ method }) => method === 'OPTIONS').map(({ atMs }) => atMs)
        return startedAtMs.length === 8
      },
      { limitMs: 60000, everyMs: 0 },
    )
    const waitsMs = startedAtMs.slice(1).map((atMs, i) => atMs - startedAtMs[i]!)
    for (const [i, seconds] of [2, 4, 8, 16, 32, 60, 60].entries()) {
      // The answer, and the tick that sees it, come within a few steps of the clock.
      const waitMs = waitsMs[i]!
      t.ok(waitMs >= 1000 * seconds && waitMs < 1000 * seconds + 2000, `${waitMs} ms instead of ${seconds} s`)
    }
  })

  await t.test('asks for a camera that is away every 2 s in the end, and not all viewers at once', async (t) => {
    let asked = 0
    const refuse: Handler = (_, response) => response.writeHead(503, CORS).end()
    const gatewayBase = await standInGateway(t, refuse, 'retrying', () => asked++)
    const app = await openWithClock(t)
    await app.show({ gatewayBase, cameraName: 'a' })
    const askedIn = async (seconds: number) => {
      const before = asked
      for (let i = 0; i < 5 * seconds; i++) {
        await app.page.clock.runFor(200)
        await until('all answers', async () => (await app.page.evaluate('app.pending()')) === 0, { everyMs: 5 })
      }
      return asked - before
    }
    await askedIn(10)
    const middle = await askedIn(20)
    t.ok(middle >= 8 && middle <= 11, `${middle} times in 20 s`)
    await app.page.evaluate('Math.random = () => 0')
    const early = await askedIn(20)
    t.ok(early > middle, `${early} times, if chance decides for an early one`)
  })

  await t.test('shows a snapshot, tries HLS after 2.5 s without video, and MJPEG after another 5 s', async (t) => {
    // WHEP's POST, HLS and MJPEG are never answered.
    const snapshot = jpeg.encode({ width: 16, height: 16, data: Buffer.alloc(16 * 16 * 4, 128) }).data
    const gatewayBase = await standInGateway(t, ({ method, url }, response) => {
      if (method === 'OPTIONS') response.writeHead(200, CORS).end()
      if (url === '/snapshot?cam=a') response.writeHead(200, { ...CORS, 'content-type': 'image/jpeg' }).end(snapshot)
    })
    const app = await openWithClock(t)
    await app.show({ gatewayBase, cameraName: 'a' })
    const startedAtMs: number[] = []
    for (let nowMs = 0; startedAtMs.length < 3 && nowMs < 20000; nowMs += 100) {
      await app.page.clock.runFor(100)
      // Give the gateway's response real time to arrive.
      if (startedAtMs.length === 0) await pause(20)
      if ((await app.page.evaluate<number>('app.media()')) > startedAtMs.length) startedAtMs.push(nowMs)
    }
    await until('the snapshot', async () => (await app.page.evaluate<string>('app.poster()')).startsWith('url("blob:'))
    await app.show({ gatewayBase, cameraName: 'a', poster: '/own.jpg' })
    await app.page.clock.runFor(100)
    t.equal(await app.page.evaluate('app.poster()'), 'url("/own.jpg")')
    await app.show({ gatewayBase, cameraName: 'a', poster: false })
    await app.page.clock.runFor(100)
    t.equal(await app.page.evaluate('app.poster()'), '')
    const [webrtc, hls, mjpeg] = startedAtMs.map((atMs) => atMs - startedAtMs[0]!)
    t.equal(webrtc, 0)
    t.ok(hls! >= 2400 && hls! <= 3000, `HLS after ${hls} ms`)
    t.ok(mjpeg! - hls! >= 4900 && mjpeg! - hls! <= 5500, `MJPEG after another ${mjpeg! - hls!} ms`)
  })
})
