// The native pipeline on its own: closing in any state, cycles, workers, process exit.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { loadNative, type NativeAddon, type Pipeline, type PipelineNews } from '../../src/native.js'
import { ROOT } from '../helpers/paths.js'
import { usageOf } from '../helpers/processes.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'

let native: NativeAddon
let camera: TestCamera
// Keep one session open: libgstrtspserver sometimes answers 503 to a client that connects just as the last session ends.
let staying: Pipeline

t.before(async () => {
  native = await loadNative()
  camera = await TestCamera.start({ width: 320, height: 180, gop: 2 })
  const first = open(camera.url)
  staying = first.pipeline
  await until('the session that stays', () => first.news.some((item) => item.live))
})
t.teardown(async () => {
  await staying.close()
  await camera.stop()
})

// direct: libgstrtspserver may send packets before its answer to PLAY. rtspsrc alone then waits forever (1 start in 10,000).
const options = (url: string) => ({ url, userAgent: 'Framegate/test', direct: true })
const rendition = { id: 'a', width: 160, fps: 25, jpegQuality: 80 }

function open(url: string): { pipeline: Pipeline; news: PipelineNews[] } {
  const news: PipelineNews[] = []
  return { news, pipeline: new native.Pipeline(options(url), (item) => news.push(item)) }
}
const frames = (news: PipelineNews[]) => news.flatMap((item) => item.frames)

t.test('frames arrive only while a rendition is set', async (t) => {
  const { pipeline, news } = open(camera.url)
  t.teardown(() => pipeline.close())
  await until('whole frames to arrive', () => news.some((item) => item.live))
  t.equal(frames(news).length, 0)
  t.equal(pipeline.stats().decoding, 'no')
  pipeline.setRenditions([rendition, { ...rendition, id: 'b', width: 0, jpegQuality: 50 }])
  await until('frames of both', () => ['a', 'b'].every((id) => frames(news).some((frame) => frame.rendition === id)))
  const a = frames(news).find((frame) => frame.rendition === 'a')!
  const b = frames(news).find((frame) => frame.rendition === 'b')!
  t.match(a, { width: 160, height: 90, sourceWidth: 320, sourceHeight: 180 })
  t.match(b, { width: 320, height: 180 })
  t.ok(a.handedOverAtUs >= a.receivedAtUs)
  pipeline.setRenditions([])
  await until('decoding to end', () => pipeline.stats().decoding === 'no')
})

t.test('a stream of larger pictures than are granted is not decoded', async (t) => {
  const { pipeline, news } = open(camera.url)
  t.teardown(() => pipeline.close())
  const announced = () => news.find((item) => item.announced)?.announced?.decoderPixels
  pipeline.setRenditions([rendition], 320 * 180 - 1)
  await until('whole frames to arrive', () => news.some((item) => item.live) && announced() !== undefined)
  t.ok(announced()! >= 320 * 180, 'it reports how large they are')
  t.equal(pipeline.stats().decoding, 'no')
  pipeline.setRenditions([rendition], announced())
  await until('frames', () => frames(news).length > 0)
  pipeline.setRenditions([rendition], 1)
  await until('decoding to end', () => pipeline.stats().decoding === 'no')
  pipeline.setRenditions([rendition])
  await until('decoding to go on', () => pipeline.stats().decoding !== 'no')
})

t.test('the test camera feeds the clients of all its addresses', async (t) => {
  const all = ['', '?channel=1', '?channel=2'].map((suffix) => open(camera.url + suffix))
  for (const { pipeline } of all) {
    t.teardown(() => pipeline.close())
    pipeline.setRenditions([rendition])
  }
  await until('frames of all', () => all.every(({ news }) => frames(news).length > 0))
  const before = all.map(({ news }) => frames(news).length)
  await until('more frames of all', () => all.every(({ news }, i) => frames(news).length > before[i]! + 5))
})

t.test('without the camera clock no frame has a capture time', async (t) => {
  const [its, other] = [true, false].map((cameraTime) => {
    const news: PipelineNews[] = []
    const pipeline = new native.Pipeline({ ...options(camera.url), cameraTime }, (item) => news.push(item))
    pipeline.setRenditions([rendition])
    t.teardown(() => pipeline.close())
    return news
  }) as [PipelineNews[], PipelineNews[]]
  await until('a capture time', () => frames(its).some(({ capturedAtUs }) => capturedAtUs !== null))
  const before = frames(other).length
  await until('frames of the other', () => frames(other).length > before)
  t.ok(frames(other).every(({ capturedAtUs }) => capturedAtUs === null))
})

t.test('readers of the lane in other processes get raw frames, and may be killed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-lane-'))
  const [socket, program] = [join(folder, 'lane.sock'), join(folder, 'reader')]
  // Without the sanitizers of this process, see sanitized.test.ts.
  const env = { ...process.env, LD_PRELOAD: '' }
  execFileSync('cc', ['-o', program, join(ROOT, 'clients/c/lane_reader.c')], { env })
  const lane = new native.Lane({ socket, memoryBytes: 2 ** 24, maxReaders: 8, key: 7 }, () => undefined)
  const pipeline = new native.Pipeline({ ...options(camera.url), lane }, () => undefined)
  t.teardown(async () => {
    await pipeline.close()
    lane.close()
    rmSync(folder, { recursive: true })
  })
  pipeline.setRenditions([{ ...rendition, jpeg: false }])
  const read = (count: number) => spawn(program, [socket, '7', 'a', String(count)], { env })
  const killed = [read(1_000_000), read(1_000_000)]
  for (const reader of killed) await once(reader.stdout, 'data')
  killed[0]!.kill('SIGKILL')
  const reader = read(10)
  const [lines, status] = await Promise.all([
    text(reader.stdout),
    once(reader, 'exit').then(([code]) => code as number),
  ])
  t.equal(status, 0)
  t.equal(lines.match(/^160x90 seq=/gm)?.length, 10)
  await until('only one reader to be left', () => lane.readers()[0]?.readers === 1)
  killed[1]!.kill('SIGKILL')
  await until('no reader to be left', () => lane.readers().length === 0)
})

t.test('close() ends the pipeline in any state, any number of times', async (t) => {
  const neverConnected = open('rtsp://127.0.0.1:9/x').pipeline
  await Promise.all([neverConnected.close(), neverConnected.close()])
  await neverConnected.close()
  neverConnected.setRenditions([rendition])
  t.equal(neverConnected.stats().ageMs, null, 'a closed one still answers')
  for (const delayMs of [0, 5, 20, 60, 150]) {
    const { pipeline, news } = open(camera.url)
    pipeline.setRenditions([rendition])
    await pause(delayMs)
    const before = news.length
    await pipeline.close()
    await pause(50)
    t.equal(news.length, before, `no news after the call of close() (${delayMs} ms)`)
  }
  await new Promise<void>((resolve) => {
    const pipeline: Pipeline = new native.Pipeline(options(camera.url), () => void pipeline.close().then(resolve))
    pipeline.setRenditions([rendition])
  })
  await until('the sessions to end', () => camera.active === 1)
})

t.test('a pipeline that fails reports the reason once, and can be closed', async (t) => {
  for (const [direct, origin] of [
    [false, { domain: 'gst-resource-error-quark', gstCode: /open/ }],
    [true, { domain: 'g-io-error-quark', gstCode: /^\d+$/ }],
  ] as const) {
    const news: PipelineNews[] = []
    const pipeline = new native.Pipeline({ ...options('rtsp://127.0.0.1:9/x'), direct }, (item) => news.push(item))
    await until('its end', () => news.some((item) => item.ended))
    t.match(news.find((item) => item.ended)!.ended, { code: 'ERR_SOURCE_UNREACHABLE', ...origin })
    await pause(100)
    t.equal(news.filter((item) => item.ended).length, 1)
    await pipeline.close()
  }
})

t.test('invalid arguments throw at once, with the name of the argument', async (t) => {
  const make =
    (value: unknown, listener: unknown = () => undefined) =>
    () =>
      new native.Pipeline(value as never, listener as never)
  t.throws(make(undefined), { message: /options object/ })
  t.throws(make(options('rtsp://h/'), 5), { message: /function/ })
  t.throws(make({ ...options('rtsp://h/'), url: 5 }), { message: /url must be a string/ })
  t.throws(make(options('http://h/')), { message: /url must begin with rtsp/ })
  t.throws(make({ ...options('rtsp://h/'), latencyMs: -1 }), { message: /latencyMs must be a number from 0/ })
  t.throws(make({ ...options('rtsp://h/'), latencyMs: NaN }), { message: /latencyMs/ })
  const { pipeline } = open(camera.url)
  t.teardown(() => pipeline.close())
  t.throws(() => pipeline.setRenditions(null as never), { message: /renditions must be an array/ })
  for (const [key, values] of Object.entries({
    width: [-1, 15, 7681],
    fps: [0, 0.09, 120.1, NaN],
    jpegQuality: [0, 101],
  })) {
    for (const value of values) {
      const message = new RegExp(`^rendition\\.${key} must be`)
      t.throws(() => pipeline.setRenditions([{ ...rendition, [key]: value }]), { message }, `${key} ${value}`)
    }
  }
  pipeline.setRenditions([{ ...rendition, width: 0 }])
  pipeline.setRenditions([{ ...rendition, width: 16, fps: 0.1, jpegQuality: 1 }])
  pipeline.setRenditions([{ ...rendition, width: 7680, fps: 120, jpegQuality: 100 }])
})

t.test('a camera with 0.2 fps stays in one session', async (t) => {
  const slow = await TestCamera.start({ width: 320, height: 180, fps: 0.2, gop: 1 })
  t.teardown(() => slow.stop())
  const { pipeline, news } = open(slow.url)
  t.teardown(() => pipeline.close())
  await until('three frames, or the end', () => pipeline.stats().accessUnits >= 3 || news.some((item) => item.ended), {
    limitMs: 40000,
  })
  t.strictSame(
    news.filter((item) => item.ended).map((item) => item.ended!.code),
    [],
  )
  t.ok(news.some((item) => item.live))
})

t.test('blocked JS loses frames, uses no extra memory, and then gets the newest frame', async (t) => {
  const { pipeline, news } = open(camera.url)
  t.teardown(() => pipeline.close())
  pipeline.setRenditions([rendition])
  await until('frames', () => frames(news).length > 3)
  const before = frames(news).length
  const end = Date.now() + 2000
  while (Date.now() < end); // The loop is blocked for 50 frames.
  await until('the next news', () => frames(news).length > before)
  const [first] = frames(news).slice(before)
  t.ok(first!.handedOverAtUs - first!.receivedAtUs < 1500000, 'what comes first is new, not two seconds old')
  t.ok(pipeline.stats().overwritten >= 10, `${pipeline.stats().overwritten} were replaced by newer ones`)
})

t.test('200 starts and stops leak no threads, descriptors or memory', async (t) => {
  const cycle = async () => {
    const { pipeline, news } = open(camera.url)
    pipeline.setRenditions([rendition])
    await until('a frame', () => frames(news).length > 0)
    await pipeline.close()
  }
  for (let i = 0; i < 40; i++) await cycle()
  await until('the last session to end', () => camera.active === 1)
  const before = usageOf(process.pid)
  for (let i = 0; i < 200; i++) await cycle()
  await until('the last session to end', () => camera.active === 1)
  const after = await until('threads and descriptors as before', () => {
    const usage = usageOf(process.pid)
    return usage.threads <= before.threads && usage.descriptors <= before.descriptors ? usage : null
  })
  t.ok(after.rssMb < before.rssMb * 1.15 + 10, `memory ${before.rssMb.toFixed(0)} -> ${after.rssMb.toFixed(0)} MB`)
})

const script = (body: string) =>
  `
  import { loadNative } from ${JSON.stringify(join(ROOT, 'dist/src/native.js'))}
  import { Worker, isMainThread, parentPort } from 'node:worker_threads'
  const native = await loadNative((addon) => addon.readLibraryLog(true, () => void addon.takeLibraryLog()))
  const open = () => { const p = new native.Pipeline({ url: ${JSON.stringify('URL')}, userAgent: 'Framegate/test', direct: true }, (n) => { if (n.frames.length) onFrame() }); p.setRenditions([{ id: 'a', width: 160, fps: 25, jpegQuality: 80 }]); return p }
  let onFrame = () => undefined
  ${body}
`.replace('"URL"', JSON.stringify(camera.url))

function run(source: string): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), 60000)
    child.once('close', (status) => {
      clearTimeout(timer)
      resolve(status)
    })
  })
}

t.test('the process can exit while pipelines are open, in any state', async (t) => {
  t.equal(await run(script('open(); process.exit(7)')), 7)
  t.equal(
    await run(
      script('setInterval(() => undefined, 1000); open(); await new Promise((r) => { onFrame = r }); process.exit(7)'),
    ),
    7,
  )
  t.equal(await run(script('const p = open(); p.close(); process.exit(7)')), 7)
  t.equal(await run(script('open()')), 0, 'a pipeline alone does not keep the process alive')
  t.equal(await run(script('const p = open(); await p.close()')), 0, 'awaiting close() does')
})

t.test('worker threads can be terminated while their pipelines run', async (t) => {
  const worker = script(
    "if (parentPort) { open(); onFrame = () => parentPort.postMessage('frame') } setInterval(() => undefined, 1000)",
  )
  const source = `
    import { Worker } from 'node:worker_threads'
    for (let i = 0; i < 5; i++) {
      const workers = [0, 1].map(() => new Worker(${JSON.stringify(worker)}, { eval: true, execArgv: ['--input-type=module'] }))
      await Promise.all(workers.map((w) => new Promise((resolve, reject) => { w.once('message', resolve); w.once('error', reject) })))
      await Promise.all(workers.map((w) => w.terminate()))
    }
  `
  t.equal(await run(source), 0)
})

t.test('headroom() says what the process is short of, and leaves nothing behind', async (t) => {
  const before = usageOf(process.pid)
  t.equal(native.headroom(10, 10), null)
  t.equal(native.headroom(10_000_000, 1), 'descriptors')
  const after = usageOf(process.pid)
  t.ok(after.descriptors <= before.descriptors + 2 && after.threads <= before.threads + 2)
  t.throws(() => native.headroom('1' as unknown as number, 1), TypeError)
})
