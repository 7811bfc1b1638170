// A gateway that runs out of file descriptors or threads: it says so, keeps the cameras that it has, and starts again.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { ROOT, temporaryFolder } from '../helpers/paths.js'
import { usageOf } from '../helpers/processes.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

/** An address that accepts connections and says nothing, where each path counts as a camera. */
async function silentAddress(t: Test): Promise<string> {
  const sockets = new Set<net.Socket>()
  const server = net
    .createServer((socket) => void sockets.add(socket.on('error', () => undefined)))
    .listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function survives(t: Test, within: string[], hostile: (gateway: Gateway) => Promise<void>) {
  const folder = temporaryFolder(t)
  chmodSync(folder, 0o777)
  const options = { stateFile: join(folder, 'cameras.json'), mediamtx: 'off' as const, within, env: { HOME: folder } }
  let gateway = await Gateway.start(options)
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start({ width: 320, height: 180, fps: 25, gop: 25 })
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'good', rtsp: camera.url })
  await gateway.untilState('good', 'live')
  const reader = new WireReader(gateway.zmq, 'good', { conflate: true })
  t.teardown(() => reader.close())
  await until('frames', () => reader.frames.length > 5)
  await hostile(gateway)
  const count = reader.frames.length
  await until('frames as before', () => reader.frames.length > count + 20)
  t.match(await gateway.untilState('good', 'live'), { reconnects: 0 })
  gateway.kill('SIGKILL')
  await gateway.exited
  gateway = await Gateway.start(options)
  await gateway.untilState('good', 'live')
  await pause(3000) // The others start too.
  await gateway.untilState('good', 'live')
  t.equal(await gateway.stop(), 0)
}

async function startMany(t: Test, gateway: Gateway, count: number): Promise<string[]> {
  const address = await silentAddress(t)
  const codes: string[] = []
  for (let i = 0; i < count; i++) {
    const { status, body } = await gateway.post('/cameras/start', { name: `c${i}`, rtsp: `${address}/${i}` })
    codes.push(status === 200 ? 'started' : body.code)
  }
  await pause(3000) // For sessions that fail.
  return codes
}

t.test('ulimit -n 256, and more cameras than that allows', async (t) => {
  await survives(t, ['sh', '-c', 'ulimit -n 256; exec "$0" "$@"'], async (gateway) => {
    const codes = await startMany(t, gateway, 40)
    t.match(gateway.log, /the limits of this process suffice for \d+ cameras at once/)
    t.equal(codes[0], 'started')
    t.equal(codes.at(-1), 'ERR_TOO_MANY_CAMERAS')
  })
})

t.test('ulimit -n 256, and more connections than that allows, while a camera reconnects', async (t) => {
  await survives(t, ['sh', '-c', 'ulimit -n 256; exec "$0" "$@"'], async (gateway) => {
    const open = new Set<net.Socket>()
    let more = true
    /** Clients that connect again as soon as they are refused. */
    const flood = (address: string) => {
      const { hostname, port } = new URL(address)
      const socket = net.connect(Number(port), hostname).resume()
      socket.on('error', () => undefined)
      socket.on('close', () => (open.delete(socket), more && setImmediate(flood, address)))
      open.add(socket)
    }
    const end = () => {
      more = false
      for (const socket of open) socket.destroy()
    }
    t.teardown(end)
    for (const address of [gateway.base, gateway.zmq.replace('tcp:', 'http:')]) {
      // One HTTP connection is left for this test.
      for (let i = 0; i < (address === gateway.base ? 31 : 400); i++) flood(address)
    }
    const camera = await TestCamera.start({ width: 320, height: 180 })
    t.teardown(() => camera.stop())
    await until('ZeroMQ to refuse', () => gateway.log.includes('ZeroMQ: refusing connections beyond the limit of 32'))
    for (let round = 0; round < 3; round++) {
      await gateway.post('/cameras/start', { name: 'again', rtsp: camera.url })
      await gateway.untilState('again', 'live')
      await gateway.post('/cameras/stop', { name: 'again' })
    }
    t.ok(usageOf(gateway.pid).descriptors < 192, 'descriptors are left for cameras')
    end()
  })
})

// ulimit -u does not bind root. Another user cannot read a checkout in root's home.
const other = ['setpriv', '--reuid', '64123', '--clear-groups']
const root = process.getuid?.() === 0
const read = [process.execPath, '-e', 'fs.accessSync(process.argv[1])', join(ROOT, 'package.json')]
const canChange = root && spawnSync(other[0]!, [...other.slice(1), ...read]).status === 0
const problem = 'there is no setpriv, or other users cannot read the checkout'

t.test('a limit of threads', { skip: !root || canChange ? false : problem }, async (t) => {
  await survives(t, ['prlimit', '--nproc=110', ...(root ? other : [])], async (gateway) => {
    const codes = await startMany(t, gateway, 40)
    t.match(gateway.log, /the limits of this process suffice for \d+ cameras at once/)
    t.equal(codes.at(-1), 'ERR_TOO_MANY_CAMERAS')
  })
})
