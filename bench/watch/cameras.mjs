// A camera for each fault: how it is healthy, how its fault comes and how it ends.

import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { SlowWire } from '../../dist/test/helpers/slow-wire.js'
import { TestCamera } from '../../dist/test/helpers/test-camera.js'
import { pause, until } from '../../dist/test/helpers/wait.js'

const SMALL = { width: 320, height: 180, fps: 15, gop: 15, 'bitrate-kbps': 500 }

/** Half a second of 4K noise at 60 fps, which a camera plays in a loop for next to nothing. */
function heavyFile(folder) {
  const file = join(folder, 'heavy.mp4')
  const pipeline =
    'videotestsrc pattern=snow num-buffers=30 ! video/x-raw,width=3840,height=2160,framerate=60/1,format=I420 ! ' +
    `x264enc speed-preset=ultrafast tune=zerolatency bitrate=60000 key-int-max=30 ! h264parse ! mp4mux ! ` +
    `filesink location=${file}`
  execFileSync('gst-launch-1.0', ['-q', ...pipeline.split(' ')])
  return file
}

/** @returns by name: `url`, the alert that its fault must raise, `fault()` and `clear()`. */
export async function faultyCameras(gateway, folder, ends) {
  const start = async (options = {}) => {
    const camera = await TestCamera.start({ ...SMALL, ...options })
    ends.push(() => camera.stop())
    return camera
  }
  const replace = (name, rtsp) => gateway.post('/cameras/start', { name, rtsp, replace: true, pub_fps: 60 })
  return {
    good: { url: (await start()).url },
    away: await away(start),
    password: await password(start, replace),
    lossy: byCommand(await start(), 'FramegateCameraLosesFrames', 'fault loss 5'),
    frozen: byCommand(await start(), 'FramegateCameraAway', 'fault silence'),
    keyless: keyless(await start({ gop: 10000 }), ends),
    narrow: await narrow(await start(), ends),
    unsteady: unsteady(await start()),
    heavy: heavy(await start(), heavyFile(folder), ends, replace),
  }
}

function byCommand(camera, alert, command) {
  return { url: camera.url, alert, fault: () => camera.command(command), clear: () => camera.command('clear') }
}

async function away(start) {
  let camera = await start()
  const { url, port } = camera
  const clear = async () => (camera = await start({ port }))
  return { url, alert: 'FramegateCameraAway', fault: () => camera.stop(), clear }
}

async function password(start, replace) {
  const camera = await start({ user: 'viewer', password: 'old' })
  const at = (word) => camera.url.replace('//', `//viewer:${word}@`)
  const fault = async () => {
    await camera.command('password new')
    await camera.command('fault fin')
  }
  return { url: at('old'), alert: 'FramegateCameraRefusesPassword', fault, clear: () => replace('password', at('new')) }
}

/** Another client watches, so a new session joins in the middle of a GOP that lasts minutes. */
function keyless(camera, ends) {
  let other
  const fault = async () => {
    other = spawn('gst-launch-1.0', ['-q', 'rtspsrc', `location=${camera.url}`, 'protocols=tcp', '!', 'fakesink'], {
      stdio: 'ignore',
    })
    ends.push(() => other.kill('SIGKILL'))
    await until('the other client', () => camera.active > 1)
    await camera.command('fault loss 30')
    await pause(2000)
    await camera.command('clear')
  }
  // Another size begins with a key frame.
  const clear = async () => {
    await camera.command('size 352 198')
    other.kill('SIGKILL')
  }
  return { url: camera.url, alert: 'FramegateCameraAway', fault, clear }
}

async function narrow(camera, ends) {
  const wire = await SlowWire.start(camera.port)
  ends.push(() => wire.stop())
  const fault = async () => {
    const before = wire.bytes
    await pause(2000)
    wire.limit = ((wire.bytes - before) / 2) * 0.4
  }
  return {
    url: wire.through(camera.url),
    alert: 'FramegateNetworkTooSlow',
    fault,
    clear: () => (wire.limit = Infinity),
  }
}

/** Away for a moment, again and again. */
function unsteady(camera) {
  let on = false
  const flap = async () => {
    while (on) {
      await camera.command('fault status describe 503')
      await camera.command('fault fin')
      await pause(2500)
      await camera.command('clear')
      await pause(3500)
    }
  }
  let flapping = Promise.resolve()
  const fault = async () => {
    on = true
    flapping = flap()
  }
  const clear = async () => {
    on = false
    await flapping
  }
  return { url: camera.url, alert: 'FramegateCameraUnsteady', fault, clear }
}

function heavy(light, file, ends, replace) {
  const fault = async () => {
    const camera = await TestCamera.start({ file })
    ends.push(() => camera.stop())
    await replace('heavy', camera.url)
  }
  return { url: light.url, alert: 'FramegateDecoderOverloaded', fault, clear: () => replace('heavy', light.url) }
}
