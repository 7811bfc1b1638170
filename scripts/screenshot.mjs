// Makes docs/page.jpg, the README's screenshot: starts a gateway with four simulated cameras, which play drawn scenes,
// and opens its page in Chromium. Run `npm run setup -- --tests` first.
//   node scripts/screenshot.mjs [OUT.jpg]

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = resolve(process.argv[2] ?? join(root, 'docs/page.jpg'))
const scenes = ['gate', 'lobby', 'parking', 'warehouse']
const FPS = 12
const LOOP_S = 10
const LIVE_LIMIT_MS = 60_000

const folder = mkdtempSync(join(tmpdir(), 'framegate-screenshot-'))
const children = []
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  const urls = []
  for (const scene of scenes) urls.push(await startCamera(await encode(scene)))
  const base = await startGateway()
  for (const [i, name] of scenes.entries()) {
    await fetch(`${base}/cameras/start`, { method: 'POST', body: JSON.stringify({ name, rtsp: urls[i] }) })
  }
  await allLive(base)
  const page = await browser.newPage({ viewport: { width: 800, height: 822 }, deviceScaleFactor: 1.5 })
  await page.goto(base)
  await page.getByText('warehouse').first().waitFor()
  await page.waitForTimeout(4000) // The frame rates need a few seconds to settle.
  await page.screenshot({ path: out, type: 'jpeg', quality: 84 })
  process.stdout.write(`${out}\n`)
} finally {
  await browser.close()
  for (const child of children) {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'close')
  }
  rmSync(folder, { recursive: true, force: true })
}

/** Draws a scene frame by frame and encodes it. @returns the path of an MP4 file. */
async function encode(scene) {
  const page = await browser.newPage()
  await page.setContent('<canvas></canvas>')
  await page.addScriptTag({ path: join(root, 'scripts/screenshot/scenes.js') })
  const file = join(folder, `${scene}.mp4`)
  const pipeline =
    `fdsrc ! image/jpeg,framerate=${FPS}/1 ! jpegparse ! jpegdec ! videoconvert ! video/x-raw,format=I420 ! ` +
    `x264enc bitrate=4000 key-int-max=${FPS} bframes=0 ! h264parse ! mp4mux ! filesink location=${file}`
  const encoder = spawn('gst-launch-1.0', ['-q', ...pipeline.split(' ')], { stdio: ['pipe', 'inherit', 'inherit'] })
  for (let frame = 0; frame < FPS * LOOP_S; frame++) {
    const url = await page.evaluate(`draw(document.querySelector('canvas'), '${scene}', ${frame / FPS})`)
    if (!encoder.stdin.write(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'))) await once(encoder.stdin, 'drain')
  }
  encoder.stdin.end()
  const [status] = await once(encoder, 'close')
  if (status !== 0) throw new Error(`gst-launch-1.0 ended with status ${status}`)
  await page.close()
  return file
}

function start(command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function startCamera(file) {
  const camera = start(join(root, 'build/Release/test-camera'), ['--port', '0', '--file', file])
  for await (const line of createInterface({ input: camera.stdout })) {
    const event = JSON.parse(line)
    if (event.event === 'ready') return event.url
  }
  throw new Error('the test camera did not start')
}

async function startGateway() {
  const ports = {}
  for (const name of ['HTTP', 'ZMQ', 'RTSP', 'HLS', 'WEBRTC', 'UDP', 'API']) ports[name] = await freePort()
  const at = (name) => `127.0.0.1:${ports[name]}`
  start(process.execPath, [join(root, 'dist/src/main.js')], {
    HTTP_PORT: String(ports.HTTP),
    ZMQ_BIND: `tcp://${at('ZMQ')}`,
    STATE_FILE: join(folder, 'cameras.json'),
    MTX_RTSPADDRESS: at('RTSP'),
    MTX_HLSADDRESS: at('HLS'),
    MTX_WEBRTCADDRESS: at('WEBRTC'),
    MTX_WEBRTCLOCALUDPADDRESS: at('UDP'),
    MTX_APIADDRESS: at('API'),
  }).stdout.resume()
  const base = `http://${at('HTTP')}`
  await until(() => fetch(`${base}/health`).then(({ ok }) => ok))
  return base
}

function allLive(base) {
  return until(async () => {
    const { cameras } = await (await fetch(`${base}/cameras`)).json()
    return cameras.length === scenes.length && cameras.every(({ state }) => state === 'live')
  })
}

async function until(condition) {
  const end = Date.now() + LIVE_LIMIT_MS
  while (Date.now() < end) {
    if (await condition().catch(() => false)) return
    await new Promise((wake) => setTimeout(wake, 200))
  }
  throw new Error('the cameras did not become live')
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}
