// Measures glass-to-glass latency: from passing a picture to the test camera's encoder until Chromium shows it, over
// WebRTC, LL-HLS and MJPEG, one after the other.
//
//     node bench/browsers.mjs [--seconds 60] [--size 1920x1080]       after npm test, with nothing else running
//
// It reads the frame number that the camera draws along its picture from the page's element.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { App, launchChromium, serveApp } from '../dist/test/helpers/browser.js'
import { Gateway } from '../dist/test/helpers/gateway.js'
import { TestCamera } from '../dist/test/helpers/test-camera.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, size: { type: 'string', default: '1920x1080' } },
})
const [width, height] = values.size.split('x').map(Number)
const seconds = Number(values.seconds)

/** Runs in the page and returns the numbers of the pictures shown, and when, in ms since 1970. */
const watch = (limitMs) => `new Promise((resolve) => {
  const seen = []
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 24 })
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const numberIn = (element, w, h) => {
    context.drawImage(element, 0, 0, w, h / 24, 0, 0, 320, 24)
    let value = 0
    for (let cell = 0; cell < 32; cell++) value = value * 2 + (context.getImageData(Math.floor((cell + 0.5) * 8), 12, 1, 1).data[1] > 125 ? 1 : 0)
    return value
  }
  const endMs = performance.now() + ${limitMs}
  const element = [...document.querySelectorAll('video, img')].find(({ style }) => style.visibility === 'visible')
  const add = (atMs, w, h) => {
    const number = numberIn(element, w, h)
    if (seen.at(-1)?.[0] !== number) seen.push([number, performance.timeOrigin + atMs])
    if (performance.now() > endMs) return resolve(seen), true
  }
  if (element instanceof HTMLVideoElement) {
    const next = () => element.requestVideoFrameCallback((_, { expectedDisplayTime }) => add(expectedDisplayTime, element.videoWidth, element.videoHeight) || next())
    next()
  } else {
    element.addEventListener('load', () => requestAnimationFrame((atMs) => add(atMs, element.naturalWidth, element.naturalHeight)))
  }
})`

const folder = mkdtempSync(join(tmpdir(), 'framegate-bench-'))
const camera = await TestCamera.start({ width, height, fps: 25, gop: 50, 'bitrate-kbps': 4000, 'report-frames': true })
const gateway = await Gateway.start({ stateFile: join(folder, 'cameras.json') })
const ends = []
const run = { teardown: (end) => ends.unshift(end), comment: () => undefined }
const address = await serveApp(run)
const browser = await launchChromium(run)
try {
  await gateway.post('/cameras/start', { name: 'bench', rtsp: camera.url, pub_fps: 25, scale_width: 640 })
  await gateway.untilState('bench', 'live')
  console.log(
    '| way | pictures per second | frozen seconds | median | p99 | first picture |\n| --- | --- | --- | --- | --- | --- |',
  )
  for (const way of ['webrtc', 'hls', 'mjpeg']) {
    const app = await App.open(run, browser, address)
    const startedAtMs = Date.now()
    await app.show({ gatewayBase: gateway.base, cameraName: 'bench', ways: [way] })
    await app.untilStatus(way === 'webrtc' ? 'live' : 'fallback', way)
    const firstMs = Date.now() - startedAtMs
    await new Promise((resolve) => setTimeout(resolve, 5000))
    const seen = await app.page.evaluate(watch(seconds * 1000))
    const ages = seen
      .map(([number, atMs]) => atMs - (camera.madeAtUs.get(number) ?? NaN) / 1000)
      .filter((age) => age > -100)
      .sort((a, b) => a - b)
    const gaps = seen.slice(1).map(([, atMs], i) => atMs - seen[i][1])
    const spanS = (seen.at(-1)[1] - seen[0][1]) / 1000
    const at = (share) => `${Math.round(ages[Math.floor(share * (ages.length - 1))])} ms`
    console.log(
      `| ${way} | ${((seen.length - 1) / spanS).toFixed(1)} | ${gaps.filter((gap) => gap > 1000).length} | ${at(0.5)} | ${at(0.99)} | ${firstMs} ms |`,
    )
    await app.page.close()
  }
} finally {
  for (const end of ends) await end()
  await gateway.stop()
  await camera.stop()
  rmSync(folder, { recursive: true, force: true })
}
