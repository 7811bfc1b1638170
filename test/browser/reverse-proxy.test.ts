// The page and ReactWhepSample behind a reverse proxy with sub-paths, configured as in docs/browsers.md.

import t from 'tap'
import { App, launchChromium, noPlayer, serveApp, startCamera, startGateway } from '../helpers/browser.js'
import { ReverseProxy } from '../helpers/reverse-proxy.js'
import { until } from '../helpers/wait.js'

t.test('behind a reverse proxy', { skip: noPlayer }, async (t) => {
  const proxy = await ReverseProxy.start(t)
  const gateway = await startGateway(t, proxy.env)
  proxy.passTo(gateway)
  const camera = await startCamera(t)
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })

  await t.test('the API returns the public addresses', async (t) => {
    t.equal((await gateway.camera('a')).hls, `${proxy.base}/hls/a/index.m3u8`)
    const response = await fetch(`${proxy.base}/gateway/cameras/a`)
    const { camera } = (await response.json()) as any
    t.equal(new URL(camera.rtsp_url).hostname, proxy.publicHost, 'from X-Forwarded-Host')
    t.equal(new URL((await gateway.camera('a')).rtsp_url).hostname, '127.0.0.1', 'without it')
  })

  await t.test('the player plays over WebRTC and HLS and deletes its session', async (t) => {
    const app = await App.open(t, await launchChromium(t), await serveApp(t))
    await app.show({ gatewayBase: `${proxy.base}/gateway`, cameraName: 'a' })
    await app.untilStatus('live', 'webrtc')
    await app.untilMoving()
    t.equal(proxy.openSessions.length, 1)
    await app.hide()
    await until('the DELETE of the session', () => proxy.openSessions.length === 0)
    await app.show({ gatewayBase: `${proxy.base}/gateway`, cameraName: 'a', ways: ['hls'] })
    await app.untilStatus('fallback', 'hls')
    await app.untilMoving()
    await app.page.goto(`${proxy.base}/gateway/`)
    await app.page.locator('[data-camera-tile="a"][data-picture="fresh"]').waitFor()
  })
})
