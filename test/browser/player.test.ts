// ReactWhepSample in a real Chromium, against the real gateway and MediaMTX.

import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import t from 'tap'
import { App, launchChromium, noBrowser, serveApp } from '../helpers/browser.js'
import { Gateway } from '../helpers/gateway.js'
import { MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { freePort } from '../helpers/ports.js'
import { childrenOf, commandLine } from '../helpers/processes.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'

const SMALL = { width: 640, height: 360, fps: 25, gop: 25, 'bitrate-kbps': 600 }
const skip = noBrowser || (MEDIAMTX ? false : 'no MediaMTX on this machine')

let browser: Browser
let address: string
interface Test {
  teardown(run: () => unknown): void
  comment(text: string): void
}

async function openApp(t: Test, inBrowser = browser): Promise<App> {
  const app = await App.open(inBrowser, address)
  t.teardown(() => app.page.close())
  return app
}

async function startGateway(
  t: Test & Parameters<typeof temporaryFolder>[0],
  env: Record<string, string> = {},
): Promise<Gateway> {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), env })
  t.teardown(() => gateway.stop())
  return gateway
}

async function startCamera(t: Test, options: Record<string, string | number> = {}): Promise<TestCamera> {
  const camera = await TestCamera.start({ ...SMALL, ...options })
  t.teardown(() => camera.stop())
  return camera
}

/** How long the picture stood still, as a person would have measured it. */
async function untilMovingAgain(t: Test, app: App, what: string, limitMs = 30000): Promise<void> {
  const sinceMs = Date.now()
  await pause(300) // What was on its way already.
  const still = await app.picture()
  await until(
    `the picture to move after ${what}`,
    async () => ![still, ''].includes(await app.picture()) && ['live', 'fallback'].includes((await app.status()).state),
    { limitMs },
  )
  t.comment(`${what}: the picture moved again after ${Date.now() - sinceMs} ms`)
}

t.test('the player', { skip }, async (t) => {
  browser = await launchChromium()
  t.teardown(() => browser.close())
  const served = await serveApp(temporaryFolder(t))
  t.teardown(() => served.close())
  address = served.address

  await t.test('starts its camera, plays it over WebRTC, comes back from everything', async (t) => {
    const port = await freePort()
    const gateway = await startGateway(t, { HTTP_PORT: String(port) })
    const camera = await startCamera(t)
    const app = await openApp(t)
    await app.show({ gatewayBase: gateway.base, cameraName: 'lobby-1', rtspUrl: camera.url })
    await app.untilStatus('live', 'webrtc')
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
    const frozen = times.slice(1).filter((time, i) => time - times[i]! > 1000)
    t.equal(frozen.length, 0, 'never stands still for a second')
    t.comment(`250 pictures in ${Math.round(times.at(-1)! - times[0]!)} ms`)
    await until('the gateway to count the viewer', async () => (await gateway.camera('lobby-1')).readers.webrtc === 1)

    const mediamtx = childrenOf(gateway.pid).find((pid) => commandLine(pid).includes('mediamtx'))!
    process.kill(mediamtx, 'SIGKILL')
    await untilMovingAgain(t, app, 'MediaMTX was killed')

    await camera.stop()
    const goneAtMs = Date.now()
    const stalled = await app.untilStatus('stalled', undefined)
    t.comment(`the camera went away: told after ${Date.now() - goneAtMs} ms: ${stalled.reason}`)
    t.match(await app.page.evaluate('app.words()'), /The picture stands still/)
    await until('the reason', async () => ((await app.status()).reason ?? '').includes('refused'))
    await startCamera(t, { port: camera.port })
    await untilMovingAgain(t, app, 'the camera came back')

    gateway.kill('SIGKILL')
    await gateway.exited
    await app.untilStatus('stalled', undefined)
    await until('the reason', async () => ((await app.status()).reason ?? '').includes('does not answer'))
    const again = await Gateway.start({ ...gateway.options, env: { ...gateway.env } })
    t.teardown(() => again.stop())
    await untilMovingAgain(t, app, 'the gateway was restarted')
    await app.untilStatus('live', 'webrtc')
  })

  await t.test('fifty mounts leave nothing', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t)
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
    await gateway.untilState('a', 'live')
    const app = await openApp(t)
    const before = await app.page.evaluate('left()')
    for (let i = 0; i < 50; i++) {
      await app.show({ gatewayBase: gateway.base, cameraName: 'a' })
      // In all stages: before it asked, while it connects, while it plays.
      await pause([0, 20, 60, 150, 400][i % 5]!)
      if (i % 10 === 9) await app.untilMoving()
      if (i % 5 !== 1) await app.hide()
      else await app.show({ gatewayBase: gateway.base, cameraName: 'b' }) // A change of props is an unmount too.
    }
    await app.hide()
    await until(
      'nothing to be left in the page',
      async () => JSON.stringify(await app.page.evaluate('left()')) === JSON.stringify(before),
    )
    t.equal(await app.page.evaluate('app.media()'), 0)
    // The gateway asks MediaMTX every 2 s.
    await until('no session to be left at MediaMTX', async () => {
      const { readers } = await gateway.camera('a')
      if (readers.webrtc + readers.hls + readers.mjpeg > 0) throw new Error(JSON.stringify(readers))
      return true
    })
    await pause(5000)
    t.match((await gateway.camera('a')).readers, { webrtc: 0, hls: 0, mjpeg: 0 })
  })

  await t.test('a camera with B-frames plays over HLS, without flapping', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t, { bframes: 2 })
    const app = await openApp(t)
    await app.show({ gatewayBase: gateway.base, cameraName: 'b', rtspUrl: camera.url })
    const status = await app.untilStatus('fallback', 'hls')
    t.match(status.reason, /B-frames/)
    await app.untilMoving()
    const count = (await app.states()).length
    await pause(8000)
    t.same((await app.states()).slice(count), [], 'the state stays')
    await app.untilMoving()
  })

  await t.test('a camera with H.265 is shown by what this browser can play', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t, { codec: 'h265' })
    const app = await openApp(t)
    await app.show({ gatewayBase: gateway.base, cameraName: 'h', rtspUrl: camera.url })
    await until('a moving state', async () => ['live', 'fallback'].includes((await app.status())?.state))
    await app.untilMoving()
    t.comment(JSON.stringify(await app.status()))
  })

  await t.test('without UDP it falls back to HLS, without that to MJPEG, and climbs back', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t)
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
    const { hls } = await gateway.untilState('a', 'live')
    const closed = await launchChromium([
      '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
      '--webrtc-ip-handling-policy=disable_non_proxied_udp',
    ])
    t.teardown(() => closed.close())
    const app = await openApp(t, closed)
    const startedAtMs = Date.now()
    await app.show({ gatewayBase: gateway.base, cameraName: 'a' })
    await app.untilStatus('fallback', 'hls')
    t.comment(`HLS after ${Date.now() - startedAtMs} ms`)
    await app.untilMoving()
    await app.hide()

    const withoutHls = await openApp(t, closed)
    await withoutHls.page.route(`${new URL(hls).origin}/**`, (route) => route.abort())
    await withoutHls.show({ gatewayBase: gateway.base, cameraName: 'a' })
    await withoutHls.untilStatus('fallback', 'mjpeg')
    await withoutHls.untilMoving()
    await withoutHls.page.unroute(`${new URL(hls).origin}/**`)
    await withoutHls.untilStatus('fallback', 'hls', 90000)
    await withoutHls.untilMoving()
  })

  await t.test('behind a reverse proxy with sub-paths it plays and leaves as elsewhere', async (t) => {
    const requests: string[] = []
    const targets: Record<string, string> = {}
    const proxy = createServer((request, response) => {
      const [, part, rest] = /^\/cams\/(\w+)\/(.*)$/.exec(request.url!) ?? []
      requests.push(`${request.method} ${request.url}`)
      if (part === undefined || !targets[part]) return response.writeHead(404).end()
      const onwards = httpRequest(
        `${targets[part]}/${rest}`,
        { method: request.method!, headers: { ...request.headers, 'x-forwarded-host': request.headers.host } },
        (answer) => {
          // As nginx's `proxy_redirect / /cams/hls/`, which docs/browsers.md asks for; WHEP's Location is left as it is.
          const { location } = answer.headers
          const headers =
            part === 'hls' && location?.startsWith('/')
              ? { ...answer.headers, location: `/cams/hls${location}` }
              : answer.headers
          response.writeHead(answer.statusCode!, headers)
          answer.pipe(response)
        },
      )
      onwards.on('error', () => response.destroy())
      return request.pipe(onwards)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    t.teardown(() => (proxy.closeAllConnections(), proxy.close()))
    const outside = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/cams`
    const gateway = await startGateway(t, {
      MEDIAMTX_PUBLIC_WEBRTC: `${outside}/webrtc`,
      MEDIAMTX_PUBLIC_HLS: `${outside}/hls/`,
    })
    targets.gateway = gateway.base
    targets.webrtc = `http://${gateway.env.MTX_WEBRTCADDRESS}`
    targets.hls = `http://${gateway.env.MTX_HLSADDRESS}`
    const camera = await startCamera(t)
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
    t.equal((await gateway.camera('a')).hls, `${outside}/hls/a/index.m3u8`)
    const app = await openApp(t)
    await app.show({ gatewayBase: `${outside}/gateway`, cameraName: 'a' })
    await app.untilStatus('live', 'webrtc')
    await app.untilMoving()
    await app.hide()
    await until('the DELETE of the session', () =>
      requests.some((line) => /^DELETE \/cams\/webrtc\/a\/whep\/[\w-]+$/.test(line)),
    )
    await app.show({ gatewayBase: `${outside}/gateway`, cameraName: 'a', ways: ['hls'] })
    await app.untilStatus('fallback', 'hls')
    await app.untilMoving()
    await app.page.goto(`${outside}/gateway/`)
    await app.page.locator('[data-camera-tile="a"][data-picture="fresh"]').waitFor()
  })

  await t.test('what goes wrong is told in words', async (t) => {
    const answers: [number, string][] = [
      [500, '{"ok":false,"error":"an error inside the gateway; its log says more","code":"ERR_INTERNAL"}'],
      [200, '<html>a router'],
      [200, '{"ok":true,"camera":'],
      [401, 'Unauthorized'],
      [200, '[]'],
    ]
    let answer = answers[0]!
    const server = createServer((_request, response) =>
      response.writeHead(answer[0], { 'access-control-allow-origin': '*' }).end(answer[1]),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => (server.closeAllConnections(), server.close()))
    const app = await openApp(t)
    const problems: string[] = []
    app.page.on('pageerror', (error) => problems.push(String(error)))
    for (answer of answers) {
      await app.show({
        gatewayBase: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        cameraName: `<img src=x onerror=alert(1)>${answer[1].length}`,
      })
      const status = await until('a reason', async () => {
        const now = await app.status()
        return now?.state === 'connecting' && now.reason !== null && now
      })
      t.match(status.reason, /gateway/, status.reason!)
      await app.hide()
    }
    t.same(problems, [])
    const gateway = await startGateway(t)
    await app.show({ gatewayBase: gateway.base, cameraName: 'nobody' })
    await until('the reason', async () => ((await app.status())?.reason ?? '').includes('no camera "nobody"'))
    t.match(await app.page.evaluate('app.words()'), /Connecting to nobody/)
  })
})
