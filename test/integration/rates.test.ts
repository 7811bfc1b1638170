// Cameras whose clocks run slow or fast, wrap or jump, and cameras whose rate changes by a factor of 100: one session, and
// every frame.

import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { RtspProxy } from '../helpers/rtsp-proxy.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

const WATCHED_MS = 8000

interface Trial {
  fps: number
  /** Seconds of the timestamps in a second. */
  clock?: number
  /** The first timestamp; the camera's own if undefined. */
  first?: number
  /** Commands to the camera once frames flow. */
  commands?: string[]
  /** Frames per second that a reader asks for. */
  pubFps?: number
}

const TRIALS: Record<string, Trial> = {
  'timestamps of 25 fps, but 21 come': { fps: 21, clock: 21 / 25 },
  'a clock that is 60 % fast, read at 10 fps': { fps: 25, clock: 1.6, pubFps: 10 },
  'a slow clock that wraps': { fps: 25, clock: 0.8, first: 2 ** 32 - 2 * 90000 },
  'a clock that jumps an hour ahead and back': { fps: 25, commands: ['fault jump 3600000', 'fault jump -3600000'] },
  '120 fps': { fps: 120 },
}

/** Changes the clock of the packets that pass. */
function scaledClock({ clock = 1, first }: Trial): (rtp: Buffer) => void {
  let begin: number | null = null
  return (rtp) => {
    const timestamp = rtp.readUInt32BE(4)
    begin ??= timestamp
    const passed = (timestamp - begin) | 0
    rtp.writeUInt32BE(((first ?? begin) + Math.round(passed * clock)) >>> 0, 4)
  }
}

/** Every fourth picture comes together with the next, until `over`. */
function heldUp() {
  const held = {
    times: 0,
    over: false,
    packet: (rtp: Buffer) => {
      const timestamp = rtp.readUInt32BE(4)
      const before = timestamp === latest ? [] : waiting
      if (timestamp !== latest) {
        latest = timestamp
        waiting = []
        pictures++
      }
      if (held.over || pictures % 4 !== 0) return [...before, rtp]
      if (waiting.length === 0) held.times++
      waiting.push(Buffer.from(rtp))
      return before
    },
  }
  let [latest, pictures, waiting] = [-1, 0, [] as Buffer[]]
  return held
}

/** Waits until the gateway decodes the pictures that it receives, apart from those for which the machine was too slow. */
async function untilAllAreDecoded(gateway: Gateway, name: string): Promise<void> {
  const counts = async () => {
    const text = await (await fetch(`${gateway.base}/metrics`)).text()
    const sum = (counter: RegExp) =>
      text
        .split('\n')
        .filter((line) => line.includes(`camera="${name}"`) && counter.test(line))
        .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0)
    return {
      received: sum(/^framegate_camera_frames_received/),
      passed: sum(/_frames_decoded|reason="(late|skipped)"/),
    }
  }
  let before = await counts()
  const decodes = async () => {
    const now = await counts()
    if (now.received < before.received + 40) return false
    const all = now.passed - before.passed > 0.9 * (now.received - before.received)
    before = now
    return all
  }
  await until(`all pictures of ${name} are decoded`, decodes, { limitMs: 60_000 })
}

for (const mediamtx of ['managed', 'off'] as const) {
  const skip = mediamtx === 'managed' ? NO_MEDIAMTX : false
  t.test(`MEDIAMTX=${mediamtx}`, { skip }, async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx })
    t.teardown(() => gateway.stop())
    const start = async (name: string, trial: Trial) => {
      const camera = await TestCamera.start({ width: 160, height: 96, fps: trial.fps, gop: 10, path: '/x' })
      t.teardown(() => camera.stop())
      const proxy = await RtspProxy.start(t, camera, { packet: scaledClock(trial) })
      const rtsp = `rtsp://127.0.0.1:${proxy.port}/x`
      await gateway.post('/cameras/start', { name, rtsp, pub_fps: trial.pubFps ?? 120 })
      await gateway.untilState(name, 'live')
      const reader = new WireReader(gateway.zmq, name)
      t.teardown(() => reader.close())
      await until(`frames of ${name}`, () => reader.frames.length > 5)
      return { camera, reader }
    }
    const onlySession = async (name: string, camera: TestCamera, what: string) => {
      const { state, reconnects } = await gateway.camera(name)
      t.same({ state, reconnects, sessions: camera.total }, { state: 'live', reconnects: 0, sessions: 1 }, what)
    }

    const clocks = Object.entries(TRIALS).map(async ([what, trial], i) => {
      const name = `clock-${i}`
      const { camera, reader } = await start(name, trial)
      // The gateway counts the frames that it skipped because the machine was too slow.
      const leftOut = async () => {
        const { frames_late, frames_overwritten } = await gateway.camera(name)
        return frames_late + frames_overwritten
      }
      const leftOutBefore = await leftOut()
      const [madeBefore, gotBefore] = [(await camera.stats()).frames, reader.frames.length]
      for (const command of trial.commands ?? []) {
        await camera.command(command)
        await pause(1000)
      }
      await pause(WATCHED_MS - 1000 * (trial.commands?.length ?? 0))
      const made = (await camera.stats()).frames - madeBefore
      const got = reader.frames.length - gotBefore
      const share = Math.min(1, (trial.pubFps ?? 120) / trial.fps)
      const late = (await leftOut()) - leftOutBefore
      t.ok(
        got + late > 0.9 * share * made && got < 1.1 * share * made + 2,
        `${what}: ${got} frames of ${made}, ${late} left out`,
      )
      await onlySession(name, camera, what)
    })

    const rests = (async () => {
      const { camera, reader } = await start('rests', { fps: 25 })
      for (let turn = 0; turn < 2; turn++) {
        await camera.command('fps 0.2')
        await pause(1000)
        const resting = reader.frames.length
        await until('a frame at rest', () => reader.frames.length > resting)
        const late = new WireReader(gateway.zmq, 'rests')
        await camera.command('fps 25')
        const moving = reader.frames.length
        await until('frames in motion', () => reader.frames.length > moving + 25)
        await late.close()
      }
      await onlySession('rests', camera, '25 fps, 0.2 fps, and again')
    })()

    const reordered = (async () => {
      const [name, held] = ['reordered', heldUp()]
      const camera = await TestCamera.start({
        width: 160,
        height: 96,
        gop: 25,
        bframes: 2,
        profile: 'high',
        path: '/x',
      })
      t.teardown(() => camera.stop())
      const proxy = await RtspProxy.start(t, camera, { packet: held.packet })
      await gateway.post('/cameras/start', { name, rtsp: `rtsp://127.0.0.1:${proxy.port}/x`, pub_fps: 120 })
      const reader = new WireReader(gateway.zmq, name)
      t.teardown(() => reader.close())
      await until('pictures were held up', () => held.times > 10 && reader.frames.length > 20)
      await untilAllAreDecoded(gateway, name)
      held.over = true
      await camera.command('fault jump -1000')
      await untilAllAreDecoded(gateway, name)
      await onlySession(name, camera, 'B-pictures that come with the next picture, and a clock that is set back')
    })()
    await Promise.all([...clocks, rests, reordered])
    t.notMatch(gateway.log, /ERR_/, 'no error')
  })
}
