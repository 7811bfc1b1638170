// Tries the alert rules and the Grafana dashboard on Debian's Prometheus: makes every alert fire and clear with a real
// fault, and prints which panels a fault changes.
//
//     node bench/alerts.mjs [--pictures FOLDER]       after npm run setup -- --tests; needs apt-get install prometheus
//
// With --pictures, it draws the panels of each faulty camera into FOLDER/NAME.svg. The exit status is 1 if an alert
// did not fire or clear, if one fired without a fault, or if a query of the dashboard never returned data.

import { readFileSync, renameSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Gateway } from '../dist/test/helpers/gateway.js'
import { pause, until } from '../dist/test/helpers/wait.js'
import { WireReader } from '../dist/test/helpers/wire-reader.js'
import { faultyCameras } from './watch/cameras.mjs'
import { differences, panels, shown } from './watch/dashboard.mjs'
import { picture } from './watch/picture.mjs'
import { Prometheus, shortRules } from './watch/prometheus.mjs'

const LIMIT = { limitMs: 90000, everyMs: 300 }
/** For the windows of rates to hold only what was before, or only the fault. */
const SETTLE_MS = 18000
/** Without the two that come later, 9 of 11. */
const MAX_CAMERAS = 11

const { values } = parseArgs({ options: { pictures: { type: 'string' } } })
const folder = mkdtempSync(join(tmpdir(), 'framegate-alerts-'))
mkdirSync(join(folder, 'state'))
const ends = [() => rmSync(folder, { recursive: true, force: true })]
const problems = []
const fired = new Set()
const seen = new Set()
let gateway
let prometheus

try {
  await run()
} finally {
  for (const end of ends.reverse()) await end()
}
for (const { alert } of shortRules().groups[0].rules) if (!fired.has(alert)) problems.push(`${alert} did not fire`)
for (const panel of panels)
  for (const { expr } of panel.targets) if (!seen.has(expr)) problems.push(`${panel.title}: no data ever: ${expr}`)
for (const problem of problems) console.log(`PROBLEM  ${problem}`)
process.exitCode = problems.length > 0 ? 1 : 0

async function run() {
  gateway = await Gateway.start({
    stateFile: join(folder, 'state/cameras.json'),
    mediamtx: 'managed',
    env: { MAX_CAMERAS: String(MAX_CAMERAS) },
  })
  ends.push(() => gateway.stop())
  const cameras = await faultyCameras(gateway, folder, ends)
  for (const [name, { url }] of Object.entries(cameras)) {
    const { status, body } = await gateway.post('/cameras/start', { name, rtsp: url, pub_fps: 15 })
    if (status !== 200) throw new Error(JSON.stringify(body))
    const reader = new WireReader(gateway.zmq, name)
    ends.push(() => reader.close())
  }
  for (const name of Object.keys(cameras)) await gateway.untilState(name, 'live')
  prometheus = await Prometheus.start(new URL(gateway.base).host, folder)
  ends.push(() => prometheus.stop())
  await pause(SETTLE_MS)
  await nothingFires('before any fault')
  const before = new Map()
  for (const name of Object.keys(cameras)) before.set(name, await shown(prometheus, name, seen))
  console.log('| fault | fires | clears | what the dashboard shows differently |\n| --- | --- | --- | --- |')
  const { heavy, ...light } = cameras
  await faults(light, before)
  await faults({ heavy }, before)
  await gatewayFaults(before.get('good'))
}

async function nothingFires(when) {
  const firing = await prometheus.firing()
  if (firing.length > 0) problems.push(`${when}: ${firing.join(', ')}`)
}

/** Seconds until an alert fires, or fires no longer. */
async function took(alert, fires, begun = Date.now()) {
  await until(
    `${alert} ${fires ? 'to fire' : 'to clear'}`,
    async () => {
      return (await prometheus.firing()).includes(alert) === fires
    },
    LIMIT,
  ).catch((error) => problems.push(error.message))
  if (fires) fired.add(alert.split(' ')[0])
  return `${((Date.now() - begun) / 1000).toFixed(0)} s`
}

/** All at once, then what each panel shows, then the end of each. */
async function faults(cameras, before) {
  const faulty = Object.entries(cameras).filter(([, { fault }]) => fault)
  const beganS = Date.now() / 1000 - 15
  const rows = new Map()
  for (const [name, { fault }] of faulty) {
    console.error(`fault: ${name}`)
    rows.set(name, [Date.now()])
    await fault()
  }
  for (const [name, { alert }] of faulty) rows.set(name, [await took(`${alert} ${name}`, true, rows.get(name)[0])])
  await pause(SETTLE_MS)
  for (const [name] of faulty) rows.get(name)[2] = differences(before.get(name), await shown(prometheus, name, seen))
  if (values.pictures !== undefined) await draw(faulty, beganS)
  for (const [, { clear }] of faulty) await clear()
  for (const [name, { alert }] of faulty) {
    rows.get(name)[1] = await took(`${alert} ${name}`, false)
    await gateway.untilState(name, 'live', 60000)
    const [fires, clears, changes] = rows.get(name)
    console.log(`| ${name}: ${alert} | ${fires} | ${clears} | ${changes.join('; ')} |`)
  }
  await pause(SETTLE_MS)
  await nothingFires(`after ${faulty.map(([name]) => name).join(', ')}`)
}

async function draw(faulty, beganS) {
  mkdirSync(values.pictures, { recursive: true })
  for (const [name] of faulty) {
    const svg = await picture(prometheus, name, beganS, Date.now() / 1000)
    writeFileSync(join(values.pictures, `${name}.svg`), svg)
  }
}

/** One after the other, since most end the others' data. */
async function gatewayFaults(before) {
  await gatewayFault(before, ['FramegateMediaMtxDown', 'FramegateNotReady'], holdPortOfMediaMtx)
  await gatewayFault(before, ['FramegateListNotSaved', 'FramegateLimitNear'], fillWithoutDisk)
  await gatewayFault(before, ['FramegateDown'], async () => {
    gateway.kill('SIGSTOP')
    return () => gateway.kill('SIGCONT')
  })
}

async function gatewayFault(before, alerts, fault) {
  let clear = await fault()
  const end = async () => {
    await clear()
    clear = () => undefined
  }
  ends.push(end)
  const fires = []
  for (const alert of alerts) fires.push(await took(alert, true))
  const changes = differences(before, await shown(prometheus, 'good', seen))
  await end()
  const clears = []
  for (const alert of alerts) clears.push(await took(alert, false))
  console.log(`| ${alerts.join(', ')} | ${fires.join(', ')} | ${clears.join(', ')} | ${changes.join('; ')} |`)
}

/** Ends MediaMTX, and takes a port that it needs, so that it cannot start. */
async function holdPortOfMediaMtx() {
  const [host, port] = gateway.env.MTX_APIADDRESS.split(':')
  const server = await until('the port of MediaMTX', async () => {
    for (const pid of childrenOf(gateway.pid, 'mediamtx')) process.kill(pid, 'SIGKILL')
    const other = createServer((socket) => socket.destroy())
    return new Promise((resolve) => {
      other.once('error', () => resolve(null))
      other.listen(Number(port), host, () => resolve(other))
    })
  })
  return () => new Promise((resolve) => server.close(resolve))
}

/** More cameras than the limit allows for, while the list cannot be saved. */
async function fillWithoutDisk() {
  renameSync(join(folder, 'state'), join(folder, 'away'))
  writeFileSync(join(folder, 'state'), '') // No folder, and none can be made there.
  const names = ['more-1', 'more-2']
  for (const name of names) await gateway.post('/cameras/start', { name, rtsp: `rtsp://127.0.0.1:9/${name}` })
  return async () => {
    rmSync(join(folder, 'state'))
    renameSync(join(folder, 'away'), join(folder, 'state'))
    for (const name of names) await gateway.post('/cameras/stop', { name })
  }
}

function childrenOf(parent, command) {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const [, name, rest] = /^\d+ \((.*)\) . (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))
        return name === command && Number(rest) === parent
      } catch {
        return false // It has ended.
      }
    })
    .map(Number)
}
