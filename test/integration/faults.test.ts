// Every fault of the test camera, through MediaMTX and directly: the gateway reports the reason, frames return within
// 5 s of the fault's end, and other cameras are not affected.

import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

// The limit is 5 s. A slow machine that runs all of them at once gets four times as long.
const BACK_MS = 20000
const REPORT_LIMIT_MS = 60000
const CAMERA = { width: 320, height: 176, fps: 10, gop: 10, 'bitrate-kbps': 200 }

interface Fault {
  commands: string[]
  /** The expected last_error during the fault; none if frames continue, or return at once. */
  errors?: string[]
}

const FAULTS: Record<string, Fault> = {
  silence: { commands: ['fault silence'], errors: ['ERR_SOURCE_SILENT'] },
  'a half-open connection': { commands: ['fault half-open'], errors: ['ERR_SOURCE_SILENT'] },
  'a camera that drops every frame': { commands: ['fault drop-frames 100'], errors: ['ERR_SOURCE_SILENT'] },
  FIN: { commands: ['fault fin'] },
  RST: { commands: ['fault rst'] },
  'RTCP BYE': { commands: ['fault bye'] },
  'hung OPTIONS': { commands: ['fault hang options', 'fault fin'], errors: ['ERR_SOURCE_TIMEOUT'] },
  'hung DESCRIBE': { commands: ['fault hang describe', 'fault fin'], errors: ['ERR_SOURCE_TIMEOUT'] },
  'hung SETUP': { commands: ['fault hang setup', 'fault fin'], errors: ['ERR_SOURCE_TIMEOUT'] },
  'hung PLAY': { commands: ['fault hang play', 'fault fin'], errors: ['ERR_SOURCE_TIMEOUT'] },
  '404 at DESCRIBE': { commands: ['fault status describe 404', 'fault fin'], errors: ['ERR_SOURCE_NOT_FOUND'] },
  '453 at SETUP': { commands: ['fault status setup 453', 'fault fin'], errors: ['ERR_SOURCE_BUSY'] },
  '503 at DESCRIBE': { commands: ['fault status describe 503', 'fault fin'], errors: ['ERR_SOURCE_BUSY'] },
  'a new SSRC': { commands: ['fault ssrc'] },
  'timestamps that jump ahead': { commands: ['fault jump 100000'] },
  'timestamps that jump back': { commands: ['fault jump -50000'] },
  'a clock that drifts': { commands: ['fault drift 20000'] },
  'another size': { commands: ['size 480 272'] },
  'another rate': { commands: ['fps 5'] },
  'MJPEG from then on': { commands: ['codec mjpeg'] },
  'H.265 from then on': { commands: ['codec h265'] },
  'loss of one packet in 20': { commands: ['fault loss 5'] },
  'loss in bursts': { commands: ['fault loss 20 40'] },
}

for (const mediamtx of ['managed', 'off'] as const) {
  t.test(
    `all faults at once, MEDIAMTX=${mediamtx}`,
    { skip: mediamtx === 'managed' ? NO_MEDIAMTX : false },
    async (t) => {
      const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx })
      t.teardown(() => gateway.stop())
      const start = async (name: string) => {
        const camera = await TestCamera.start(CAMERA)
        t.teardown(() => camera.stop())
        await gateway.post('/cameras/start', { name, rtsp: camera.url })
        await gateway.untilState(name, 'live', 60000)
        return camera
      }
      const good = await TestCamera.start({ ...CAMERA, fps: 25 })
      t.teardown(() => good.stop())
      await gateway.post('/cameras/start', { name: 'good', rtsp: good.url, pub_fps: 25 })
      await gateway.untilState('good', 'live')
      const beside = new WireReader(gateway.zmq, 'good')
      t.teardown(() => beside.close())

      const suffer = async (what: string, { commands, errors }: Fault, name: string) => {
        const camera = await start(name)
        await pause(1000)
        for (const command of commands) await camera.command(command)
        if (errors) {
          let last = ''
          await until(
            `${what} to be reported`,
            async () => {
              last = (await gateway.camera(name)).last_error?.code ?? 'none'
              if (!errors.includes(last)) throw new Error(last)
              return true
            },
            { limitMs: REPORT_LIMIT_MS, everyMs: 100 },
          ).catch((error: Error) => t.fail(error.message))
        } else {
          await pause(4000)
        }
        await camera.command('clear')
        const before = (await gateway.camera(name)).frames_published as number
        const clearedAtMs = Date.now()
        const viewer = new AbortController()
        // A subscriber: the test is about decoded frames, not about arriving packets.
        const mjpeg = await fetch(`${gateway.base}/mjpeg?cam=${name}`, { signal: viewer.signal })
        void mjpeg.body?.pipeTo(new WritableStream()).catch(() => undefined)
        await until(
          `frames after ${what}`,
          async () => {
            const { state, frames_published, last_error } = await gateway.camera(name)
            if (state !== 'live' || frames_published < before + 3)
              throw new Error(`${state} ${frames_published} ${JSON.stringify(last_error)}`)
            return true
          },
          { limitMs: 40000, everyMs: 50 },
        ).catch((error: Error) => t.fail(error.message))
        viewer.abort()
        const backMs = Date.now() - clearedAtMs
        t.ok(backMs < BACK_MS, `${what}: back after ${backMs} ms`)
      }
      await Promise.all(Object.entries(FAULTS).map(([what, fault], i) => suffer(what, fault, `bad-${i}`)))

      const { state, reconnects } = await gateway.camera('good')
      t.same({ state, reconnects }, { state: 'live', reconnects: 0 }, 'the good camera is not affected')
      t.equal(good.total, 1)
      const publishedAtMs = beside.frames.map(({ header }) => header.published_at_us / 1000)
      const gapsMs = publishedAtMs.slice(1).map((at, i) => at - publishedAtMs[i]!)
      t.comment(`${gapsMs.length} frames beside them, longest gap ${Math.max(...gapsMs).toFixed(0)} ms`)
      // The limit is 200 ms; 23 cameras and their encoders on a busy machine get more. A gateway that waits for one of
      // them would wait for 5 s or longer.
      t.ok(
        gapsMs.length > 50 && Math.max(...gapsMs) < 3000,
        `${gapsMs.length} frames, longest gap ${Math.max(...gapsMs)} ms`,
      )
    },
  )
}

// The others mostly wait, so they run at once.
t.jobs = 6

t.test('a password that changes while the camera runs', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start({ ...CAMERA, user: 'admin', password: 'S3CRET-first' })
  t.teardown(() => camera.stop())
  const rtsp = camera.url.replace('://', '://admin:S3CRET-first@')
  await gateway.post('/cameras/start', { name: 'a', rtsp })
  await gateway.untilState('a', 'live')
  await camera.command('password S3CRET-second')
  await camera.command('fault fin')
  await until('the refusal', async () => (await gateway.camera('a')).last_error?.code === 'ERR_SOURCE_UNAUTHORIZED')
  const { describes } = await camera.stats()
  await pause(5000)
  t.ok(
    (await camera.stats()).describes <= describes + 1,
    'the gateway rarely retries, so that the camera does not lock the account',
  )
  await camera.command('password S3CRET-first')
  await gateway.post('/cameras/start', { name: 'a', rtsp, retry: true })
  await gateway.untilState('a', 'live')
})

t.test('a session that a camera ends unless it is kept alive', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start(CAMERA)
  t.teardown(() => camera.stop())
  await camera.command('fault keep-alive 25')
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  await gateway.untilState('a', 'live')
  await pause(32000)
  t.equal((await gateway.camera('a')).reconnects, 0)
  t.equal(camera.total, 1)
})

t.test(
  'with a GOP of minutes, a late subscriber gets the newest frame at once, and a loss costs seconds',
  async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json') })
    t.teardown(() => gateway.stop())
    const camera = await TestCamera.start({ ...CAMERA, fps: 60, gop: 10000 })
    t.teardown(() => camera.stop())
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url, pub_fps: 60 })
    await gateway.untilState('a', 'live')
    t.equal((await gateway.camera('a')).decoding, 'no')
    await until('a decoder that runs along', async () => (await gateway.camera('a')).decoding !== 'no', {
      limitMs: 30000,
    })
    await pause(6000) // By now the GOP cache has dropped the GOP.
    const reader = new WireReader(gateway.zmq, 'a', { conflate: true })
    t.teardown(() => reader.close())
    // The next key frame would be a minute away.
    await until('a frame', () => reader.frames.length > 0)
    t.equal(camera.total, 1)
    await camera.command('fault loss 100')
    await pause(300)
    await camera.command('clear')
    const clearedAtMs = Date.now()
    const count = reader.frames.length
    await until('frames after the loss', () => reader.frames.length > count + 5)
    t.ok(Date.now() - clearedAtMs < BACK_MS, `back after ${Date.now() - clearedAtMs} ms`)
  },
)

for (const mediamtx of ['managed', 'off'] as const) {
  t.test(`transports, MEDIAMTX=${mediamtx}`, { skip: mediamtx === 'managed' ? NO_MEDIAMTX : false }, async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx })
    t.teardown(() => gateway.stop())
    const [udpOnly, tcpOnly, both] = await Promise.all(
      ['udp', 'tcp', 'both'].map((transports) => TestCamera.start({ ...CAMERA, transports })),
    )
    t.teardown(() => Promise.all([udpOnly!.stop(), tcpOnly!.stop(), both!.stop()]))
    await gateway.post('/cameras/start', { name: 'udp-only', rtsp: udpOnly!.url })
    await gateway.post('/cameras/start', { name: 'tcp-only', rtsp: tcpOnly!.url })
    await gateway.post('/cameras/start', { name: 'asked', rtsp: both!.url, rtsp_transport: 'udp' })
    t.match(
      await gateway.untilState('udp-only', 'live'),
      { rtsp_transport: 'automatic', transport: 'udp' },
      'UDP where there is no TCP',
    )
    t.match(await gateway.untilState('tcp-only', 'live'), {
      rtsp_transport: 'automatic',
      transport: 'tcp',
      reconnects: 0,
    })
    t.match(await gateway.untilState('asked', 'live'), { rtsp_transport: 'udp', transport: 'udp', reconnects: 0 })
    // If UDP is set, a camera that does not support it is an error, and TCP is not tried.
    await gateway.post('/cameras/stop', { name: 'tcp-only' })
    await gateway.post('/cameras/start', { name: 'refused', rtsp: tcpOnly!.url, rtsp_transport: 'udp' })
    await until(
      'the refusal',
      async () => (await gateway.camera('refused')).last_error?.code === 'ERR_SOURCE_TRANSPORT',
    )
    // A camera that stops sending over UDP closes no connection. Through MediaMTX, which the camera's answers do not pass,
    // the gateway waits for 110 frame intervals: 11 s, or more if the rate is not known well yet.
    await both!.command('fault silence')
    await until(
      'the silence to be reported',
      async () => (await gateway.camera('asked')).last_error?.code === 'ERR_SOURCE_SILENT',
      { limitMs: 60000 },
    )
    await both!.command('clear')
    await gateway.untilState('asked', 'live')
  })
}

t.test('a redirect is followed', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start(CAMERA)
  const signpost = await TestCamera.start(CAMERA)
  t.teardown(() => Promise.all([camera.stop(), signpost.stop()]))
  await signpost.command(`fault redirect ${camera.url}`)
  await gateway.post('/cameras/start', { name: 'a', rtsp: signpost.url })
  await gateway.untilState('a', 'live')
  t.equal(camera.total, 1)
})
