// ReactWhepSample in a real Chromium, against the real gateway and MediaMTX: what it shows and reports.

import type { Browser } from 'playwright-core'
import t from 'tap'
import { App, launchChromium, noPlayer, serveApp, startCamera, startGateway, type Test } from '../helpers/browser.js'
import { Gateway } from '../helpers/gateway.js'
import { freePort } from '../helpers/ports.js'
import { childrenOf, commandLine } from '../helpers/processes.js'
import { CORS, serve } from '../helpers/serve.js'
import { pause, until } from '../helpers/wait.js'

let browser: Browser
let address: string

/** Comments how long the picture stood still, as a viewer would measure it. */
async function untilMovingAgain(t: Test, app: App, what: string, limitMs = 30000): Promise<void> {
  const sinceMs = Date.now()
  await pause(300) // Pictures that were already on their way.
  const still = await app.picture()
  await until(
    `the picture to move after ${what}`,
    async () =>
      ![still, ''].includes(await app.picture()) && ['live', 'fallback'].includes((await app.status())?.state ?? ''),
    { limitMs },
  )
  t.comment(`${what}: the picture moved again after ${Date.now() - sinceMs} ms`)
}

t.test('the player', { skip: noPlayer }, async (t) => {
  browser = await launchChromium(t)
  address = await serveApp(t)

  await t.test('starts its camera, plays it over WebRTC, and recovers from every restart', async (t) => {
    const gateway = await startGateway(t, { HTTP_PORT: String(await freePort()) })
    const camera = await startCamera(t)
    const app = await App.open(t, browser, address)
    await app.show({ gatewayBase: gateway.base, cameraName: 'lobby-1', rtspUrl: camera.url })
    await app.untilStatus('live', 'webrtc')
    t.notMatch(await app.scripts(), /hls/, 'hls.js is not loaded')
    t.ok(
      (await app.requests()).some(({ url }) => url === `${gateway.base}/snapshot?cam=lobby-1`),
      'it asked for a snapshot',
    )
    t.equal(await app.page.evaluate('app.poster()'), '', 'the video has taken its place')
    t.match(
      await app.page
        .locator('video')
        .evaluate((video: any) => [video.muted, video.playsInline, video.controls, video.videoWidth]),
      [true, true, false, 640],
    )
    const times: number[] = await app.page.locator('video').evaluate(
      (video: any) =>
        new Promise((resolve) => {
          const times: number[] = []
          const next = () =>
            video.requestVideoFrameCallback(
              (nowMs: number) => (times.push(nowMs), times.length < 250 ? next() : resolve(times)),
            )
          next()
        }),
    )
    // A player that connects again shows nothing for longer.
    const frozen = times.slice(1).filter((time, i) => time - times[i]! > 3000)
    t.equal(frozen.length, 0, 'no gap between pictures exceeds three seconds')
    t.comment(`250 pictures in ${Math.round(times.at(-1)! - times[0]!)} ms`)
    await until('the gateway to count the viewer', async () => (await gateway.camera('lobby-1')).readers.webrtc === 1)

    const mediamtx = childrenOf(gateway.pid).find((pid) => commandLine(pid).includes('mediamtx'))!
    process.kill(mediamtx, 'SIGKILL')
    await untilMovingAgain(t, app, 'MediaMTX was killed')

    await camera.stop()
    const goneAtMs = Date.now()
    const stalled = await app.untilStatus('stalled')
    t.comment(`the camera went away: reported after ${Date.now() - goneAtMs} ms: ${stalled.reason}`)
    t.match(await app.words(), /Video frozen/)
    await until('the reason', async () => ((await app.status())?.reason ?? '').includes('refused'))
    await startCamera(t, { port: camera.port })
    await untilMovingAgain(t, app, 'the camera came back')

    gateway.kill('SIGKILL')
    await gateway.exited
    await app.untilStatus('stalled')
    await until('the reason', async () => ((await app.status())?.reason ?? '').includes('does not respond'))
    const again = await Gateway.start({ ...gateway.options, env: { ...gateway.env } })
    t.teardown(() => again.stop())
    await untilMovingAgain(t, app, 'the gateway was restarted')
    await app.untilStatus('live', 'webrtc')
  })

  await t.test('reports and dims a picture that freezes while the connection stays open', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t)
    for (const fault of ['fault silence', 'fault drop-frames 100']) {
      const app = await App.open(t, browser, address)
      await app.show({ gatewayBase: gateway.base, cameraName: 'a', rtspUrl: camera.url })
      await app.untilStatus('live', 'webrtc')
      await app.untilMoving()
      t.equal(await app.page.evaluate('app.opacity()'), 1)

      await camera.command(fault)
      const stalled = await app.untilStatus('stalled', 'webrtc')
      t.equal(await app.page.evaluate('app.peers()[0]'), 'connected', 'the connection is still open')
      t.ok((await app.page.evaluate<number>('app.opacity()')) < 0.5, 'dimmed')
      t.match(await app.picture(), /^video/, 'the last picture is still there')
      const pictureAtMs = await app.page.evaluate<number>('app.pictureAtMs()')
      const afterMs = stalled.atMs - pictureAtMs
      t.ok(afterMs >= 3000 && afterMs < 10000, `reported ${Math.round(afterMs)} ms after the last picture`)

      // A second connection begins with an OPTIONS request.
      const offers = (await app.requests()).filter(
        ({ method, url }) => method === 'OPTIONS' && /\/whep(\?|$)/.test(url),
      )
      const secondAfterMs = offers[1]!.atMs - pictureAtMs
      t.ok(secondAfterMs >= 1000 && secondAfterMs <= afterMs, `second connection after ${Math.round(secondAfterMs)} ms`)

      await camera.command('clear')
      await untilMovingAgain(t, app, fault)
      t.equal(await app.page.evaluate('app.opacity()'), 1)
      await app.page.close()
    }
  })

  await t.test('reports a slow camera as stalled only after three frame intervals', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t, { fps: 0.5, gop: 1 })
    const app = await App.open(t, browser, address)
    await app.show({ gatewayBase: gateway.base, cameraName: 'slow', rtspUrl: camera.url, ways: ['webrtc'] })
    await app.untilStatus('live', 'webrtc')
    for (let i = 0; i < 4; i++) await app.untilMoving()
    await camera.command('fault silence')
    const stalled = await app.untilStatus('stalled')
    const afterMs = stalled.atMs - (await app.page.evaluate<number>('app.pictureAtMs()'))
    t.ok(afterMs > 4000, `reported ${Math.round(afterMs)} ms after the last picture, with one every 2 s`)
  })

  await t.test('shows a readable reason for each kind of invalid response', async (t) => {
    const answers: [number, string][] = [
      [
        500,
        '{"ok":false,"error":"an unexpected error inside the gateway; see its log for details","code":"ERR_INTERNAL"}',
      ],
      [200, '<html>a router'],
      [200, '{"ok":true,"camera":'],
      [401, 'Unauthorized'],
      [200, '[]'],
    ]
    let answer = answers[0]!
    const gatewayBase = await serve(t, (_request, response) => response.writeHead(answer[0], CORS).end(answer[1]))
    const app = await App.open(t, browser, address)
    const errors: string[] = []
    app.page.on('pageerror', (error) => errors.push(String(error)))
    for (answer of answers) {
      await app.show({
        gatewayBase,
        cameraName: `<img src=x onerror=alert(1)>${answer[1].length}`,
      })
      const status = await until('a reason', async () => {
        const now = await app.status()
        return now?.state === 'connecting' && now.reason !== null && now
      })
      t.match(status.reason, /gateway/, status.reason!)
      await app.hide()
    }
    t.same(errors, [])
    const gateway = await startGateway(t)
    await app.show({ gatewayBase: gateway.base, cameraName: 'unknown' })
    await until('the reason', async () => ((await app.status())?.reason ?? '').includes('no camera "unknown"'))
    t.match(await app.page.evaluate('app.words()'), /Connecting to unknown/)
  })
})
