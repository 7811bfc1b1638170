// ReactWhepSample releases everything that it opened when it is unmounted and when its page is closed.

import type { Browser } from 'playwright-core'
import t from 'tap'
import { App, launchChromium, noPlayer, serveApp, startCamera, startGateway } from '../helpers/browser.js'
import { ReverseProxy } from '../helpers/reverse-proxy.js'
import { pause, until } from '../helpers/wait.js'

let browser: Browser
let address: string

t.test('the player leaves nothing behind', { skip: noPlayer }, async (t) => {
  browser = await launchChromium(t)
  address = await serveApp(t)

  await t.test('after fifty mounts', async (t) => {
    const proxy = await ReverseProxy.start(t)
    const gateway = await startGateway(t, proxy.env)
    proxy.passTo(gateway)
    const camera = await startCamera(t)
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
    await gateway.untilState('a', 'live')
    const app = await App.open(t, browser, address)
    const before = await app.page.evaluate('app.left()')
    for (let i = 0; i < 50; i++) {
      await app.show({ gatewayBase: gateway.base, cameraName: 'a' })
      // Unmount in every stage: before it contacts the gateway, while it connects, while it plays.
      await pause([0, 20, 60, 150, 400][i % 5]!)
      if (i % 10 === 9) await app.untilMoving()
      if (i % 5 !== 1) await app.hide()
      else await app.show({ gatewayBase: gateway.base, cameraName: 'b' }) // A change of props closes the player too.
    }
    await app.hide()
    await until(
      'the page to have no timers and connections left',
      async () => JSON.stringify(await app.page.evaluate('app.left()')) === JSON.stringify(before),
    )
    t.equal(await app.page.evaluate('app.media()'), 0)
    // Five mounts waited for video. How many of the others got as far as a session depends on the machine.
    t.ok(proxy.sessions.length >= 5, `${proxy.sessions.length} WebRTC sessions were made`)
    await until('each session to be deleted', () => {
      if (proxy.openSessions.length > 0) throw new Error(proxy.openSessions.join())
      return true
    })
    // The gateway polls MediaMTX for its readers every 2 s.
    await until('the reader counts to be 0', async () => {
      const { readers } = await gateway.camera('a')
      if (readers.webrtc + readers.hls + readers.mjpeg > 0) throw new Error(JSON.stringify(readers))
      return true
    })
  })

  await t.test('after its page was closed while it played', async (t) => {
    const proxy = await ReverseProxy.start(t)
    const gateway = await startGateway(t, proxy.env)
    proxy.passTo(gateway)
    const camera = await startCamera(t)
    const app = await App.open(t, browser, address)
    await app.show({ gatewayBase: gateway.base, cameraName: 'a', rtspUrl: camera.url })
    await app.untilStatus('live', 'webrtc')
    await app.untilMoving()
    const [session] = proxy.openSessions
    await app.page.goto('about:blank')
    // Chromium closes the peer connection too, so MediaMTX may respond that it no longer knows the session.
    await until('the DELETE of the session', () =>
      proxy.requests.some(({ method, path }) => method === 'DELETE' && path === session),
    )
  })
})
