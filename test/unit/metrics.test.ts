// What GET /metrics says about stand-ins for the parts of the gateway.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { UNKNOWN_FORMAT, NO_STATS } from '../../src/cameras/stats.js'
import { METRICS, type Definition } from '../../src/metrics/definitions.js'
import { Metrics, type MetricsDeps } from '../../src/metrics/metrics.js'
import type { MeasuredCamera } from '../../src/metrics/camera-metrics.js'
import { NO_COUNTERS, sumOf, type PipelineCounters } from '../../src/pipeline-counters.js'
import { expositionProblems } from '../helpers/exposition.js'
import { ROOT } from '../helpers/paths.js'
import { alertQueries, dashboardQueries, unknownIn } from '../helpers/queries.js'
import { pause, until } from '../helpers/wait.js'

const BOUNDS_MS = [5, 50]
const counted: PipelineCounters = {
  ...NO_COUNTERS,
  bytes: 1000,
  received: 30,
  gated: 4,
  shown: 20,
  age: { counts: [1, 2, 3], sumMs: 900 },
}

function camera(name: string, more: Partial<MeasuredCamera> = {}): MeasuredCamera {
  return {
    name,
    state: 'live',
    lastError: null,
    stream: { codec: 'h264' },
    transport: 'tcp',
    failures: new Map([['ERR_SOURCE_CLOSED', 2]]),
    videoFormat: () => ({ ...UNKNOWN_FORMAT, width: 1280, height: 720 }),
    stats: () => ({ ...NO_STATS, ageMs: 20 }),
    totals: () => counted,
    ...more,
  }
}

function metricsOf(cameras: MeasuredCamera[], more: Partial<MetricsDeps> = {}): Metrics {
  return new Metrics({
    version: '1.2.3',
    latencyBoundsMs: BOUNDS_MS,
    cameras: { list: () => cameras },
    frames: { readersByKind: () => ({ lane: 1, zmq: 2, http: 3 }) },
    relay: { mode: 'managed', ready: true, restarts: 0, readers: () => ({ webrtc: 4, hls: 5, rtsp: 6 }) },
    limits: () => ({ cameras: { used: 1, max: 64 } }),
    refused: () => ({ http: 0 }),
    lane: { memory: () => ({ usedBytes: 10, maxBytes: 20, dropped: 0 }) },
    ready: () => true,
    stateFileProblem: () => null,
    ...more,
  })
}

t.test("the text follows Prometheus' format and conventions, and has every metric", async (t) => {
  const refused = { code: 'ERR_SOURCE_UNREACHABLE' as const, message: 'refused', sinceMs: 0 }
  const text = await metricsOf([camera('a', { lastError: refused }), camera('b')]).text()
  t.same(expositionProblems(text), [])
  for (const [name, { type, help }] of Object.entries<Definition>(METRICS)) {
    t.ok(text.includes(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name}`), `${name} has a sample`)
  }
})

t.test('a camera has its figures, and only the labels of the definition', async (t) => {
  const text = await metricsOf([camera('lobby')]).text()
  for (const line of [
    'framegate_camera_state{camera="lobby",state="live"} 1',
    'framegate_camera_state{camera="lobby",state="retrying"} 0',
    'framegate_camera_info{camera="lobby",codec="h264",size="1280x720",transport="tcp"} 1',
    'framegate_camera_reconnects_total{camera="lobby",reason="ERR_SOURCE_CLOSED"} 2',
    'framegate_camera_frames_dropped_total{camera="lobby",reason="gated"} 4',
    'framegate_camera_newest_frame_age_seconds{camera="lobby"} 0.02',
    'framegate_camera_frame_age_seconds_bucket{camera="lobby",le="0.005"} 1',
    'framegate_camera_frame_age_seconds_bucket{camera="lobby",le="0.05"} 3',
    'framegate_camera_frame_age_seconds_bucket{camera="lobby",le="+Inf"} 6',
    'framegate_camera_frame_age_seconds_sum{camera="lobby"} 0.9',
    'framegate_camera_frame_age_seconds_count{camera="lobby"} 6',
    'framegate_camera_readers{camera="lobby",kind="hls"} 5',
    'framegate_limit{resource="cameras"} 64',
  ])
    t.ok(text.split('\n').includes(line), line)
  t.notMatch(text, /^framegate_camera_error\{/m, 'no error, no series')
  for (const [, name = '', labels = ''] of text.matchAll(/^(framegate_\w+)\{(.*)\}/gm)) {
    const definition: Definition = METRICS[name.replace(/_(bucket|sum|count)$/, '') as keyof typeof METRICS]
    const given = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!).filter((label) => label !== 'le')
    t.strictSame(given, [...definition.labels], name)
  }
})

t.test('the series of a camera end when it leaves the list', async (t) => {
  const cameras = [camera('stays'), camera('leaves')]
  const metrics = metricsOf(cameras)
  t.match(await metrics.text(), /camera="leaves"/)
  cameras.pop()
  const text = await metrics.text()
  t.notMatch(text, /leaves/)
  t.match(text, /camera="stays"/)
})

t.test('parts that are not there have no series', async (t) => {
  const relay = { mode: 'off', ready: false, restarts: 0, readers: () => ({ webrtc: 0, hls: 0, rtsp: 0 }) }
  const text = await metricsOf([], { relay, lane: { memory: () => null } }).text()
  t.same(expositionProblems(text), [])
  t.notMatch(text, /^framegate_(mediamtx|lane_memory|camera)/m)
  t.match(text, /^framegate_ready 1$/m)
})

t.test('counts of two sessions add up', async (t) => {
  const sum = sumOf(sumOf(NO_COUNTERS, counted), counted)
  t.match(sum, { bytes: 2000, gated: 8, late: 0, age: { counts: [2, 4, 6], sumMs: 1800 } })
  t.strictSame(NO_COUNTERS.bytes, 0)
})

t.test('docs/operations.md has a row for every metric', async (t) => {
  const rows = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8').split('\n')
  for (const [name, { type, labels, help }] of Object.entries<Definition>(METRICS)) {
    const row = `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`
    t.ok(rows.includes(row), row)
  }
})

t.test('the alert rules and the dashboard use only metrics, labels and values that exist', async (t) => {
  const error = { code: 'ERR_SOURCE_UNREACHABLE' as const, message: 'refused', sinceMs: 0 }
  const text = await metricsOf([camera('a', { lastError: error })]).text()
  for (const [where, expr] of [...alertQueries(), ...dashboardQueries()]) t.same(unknownIn(expr, text), [], where)

  t.same(unknownIn('rate(framegate_frames_total[1m])', text), ['framegate_frames_total'])
  t.same(
    unknownIn('framegate_camera_frame_age_seconds', text),
    ['framegate_camera_frame_age_seconds'],
    'no such series',
  )
  t.same(unknownIn('framegate_ready{camera="a"}', text), ['framegate_ready: camera'])
  t.same(unknownIn('framegate_camera_state{state=~"live|dead"}', text), ['dead'])
  const gone = 'framegate_camera_error{code=~"ERR_SOURCE_GONE|ERR_MEDIAMTX_.*"}'
  t.same(unknownIn(gone, text), ['ERR_SOURCE_GONE'])
})

t.test(
  'the delay of the event loop is how late it is, without the interval of the timer that measures it',
  async (t) => {
    const metrics = metricsOf([])
    const delayS = async (value: string) => {
      const line = new RegExp(`^nodejs_eventloop_lag_${value}_seconds (\\S+)$`, 'm').exec(await metrics.text())
      return Number(line?.[1])
    }
    const everyMs = 500 // Of the ticks after a scrape, the first one counts nothing.
    t.ok(await until('an event loop that is on time', async () => (await delayS('min')) < 0.05, { everyMs }))
    await until('a delay', async () => {
      await pause(everyMs)
      const blockedUntilMs = performance.now() + 400
      while (performance.now() < blockedUntilMs);
      await pause(10)
      return (await delayS('max')) > 0.15
    })
  },
)
