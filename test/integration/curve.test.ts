// ZeroMQ for other machines: only clients with a known key get frames, also after keys were added and removed.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Subscriber } from 'zeromq'
import { Gateway } from '../helpers/gateway.js'
import { MAIN, PYTHON, ROOT, temporaryFolder } from '../helpers/paths.js'
import { lanAddress } from '../helpers/ports.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'

const keysOf = (path: string) => {
  const text = readFileSync(path, 'utf8')
  const [, publicKey] = /public-key = "(.*)"/.exec(text)!
  return { publicKey: publicKey!, secretKey: /secret-key = "(.*)"/.exec(text)?.[1] ?? '' }
}

t.test('frames for other machines', { skip: lanAddress ? false : 'this machine has no network' }, async (t) => {
  const folder = temporaryFolder(t)
  const clients = join(folder, 'clients')
  mkdirSync(clients)
  for (const name of ['gateway', 'clients/good', 'bad']) {
    const { status, stdout } = spawnSync(process.execPath, [MAIN, '--make-key', join(folder, name)])
    t.equal(status, 0)
    t.match(String(stdout), `${name}.key_secret`)
    t.equal(statSync(join(folder, `${name}.key_secret`)).mode & 0o777, 0o600)
  }
  t.equal(spawnSync(process.execPath, [MAIN, '--make-key', join(folder, 'bad')]).status, 2, 'overwrites no key')

  const stateFile = join(folder, 'cameras.json')
  const open = { ZMQ_BIND: `tcp://127.0.0.1:*,tcp://${lanAddress}:*` }
  const without = await Gateway.spawn({ stateFile, mediamtx: 'off', env: open })
  t.equal((await without.exited).status, 2)
  t.match(without.log, /lets other machines subscribe, so it needs keys/)

  const env = { ...open, CURVE_SERVER_KEY: join(folder, 'gateway.key_secret'), CURVE_CLIENTS: clients }
  const gateway = await Gateway.start({ stateFile, mediamtx: 'off', env })
  t.teardown(() => gateway.stop())
  t.notMatch(gateway.log, /Warning/)
  const camera = await TestCamera.start({ width: 320, height: 180 })
  t.teardown(() => camera.stop())
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  await gateway.untilState('a', 'live')
  const [, local, remote] = /frames \(ZeroMQ\)\s+(\S+), (\S+)/.exec(gateway.stdout)!

  const curveServerKey = keysOf(join(folder, 'gateway.key')).publicKey
  const reader = (endpoint: string, keyFile?: string) => {
    const keys = keyFile ? keysOf(join(folder, keyFile)) : null
    const options = keys ? { curveServerKey, curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey } : {}
    const socket = new Subscriber({ linger: 0, reconnectInterval: 50, ...options })
    t.teardown(() => socket.close())
    socket.connect(endpoint)
    socket.subscribe('')
    let count = 0
    const next = (): Promise<void> => socket.receive().then(() => (count++, next()))
    void next().catch(() => undefined)
    return { count: () => count, close: () => socket.close() }
  }
  const [good, bad, noKey] = [
    reader(remote!, 'clients/good.key_secret'),
    reader(remote!, 'bad.key_secret'),
    reader(remote!),
  ]
  const onThisMachine = reader(local!)
  await until('frames', () => good.count() > 5 && onThisMachine.count() > 5)
  await pause(500)
  t.equal(bad.count(), 0, 'another key')
  t.equal(noKey.count(), 0, 'no key')

  copyFileSync(join(folder, 'bad.key'), join(clients, 'added.key'))
  await until('frames with the added key', () => bad.count() > 0)
  rmSync(join(clients, 'good.key'))
  good.close()
  await pause(1500)
  const again = reader(remote!, 'clients/good.key_secret')
  await pause(1000)
  t.equal(again.count(), 0, 'the removed key')

  const program = `import sys
from framegate import FrameSubscriber
with FrameSubscriber("a", "${remote}", timeout_ms=1000) as frames:
    for _ in range(30):
        if frames.read() is not None or sys.argv[1] in (frames.last_error or ""):
            break
    print(frames.last_error)`
  const python = (key: string | null, args: string[]) => {
    const keys = {
      FRAMEGATE_CURVE_KEY: join(folder, key ?? ''),
      FRAMEGATE_CURVE_SERVER_KEY: join(folder, 'gateway.key'),
    }
    const env = {
      ...process.env,
      PYTHONPATH: join(ROOT, 'clients/python'),
      GATEWAY_BASE: gateway.base,
      ZMQ_CONNECT: remote,
    }
    return spawnSync(PYTHON, args, { env: { ...env, ...(key === null ? {} : keys) } }).stdout.toString()
  }
  const lastError = (key: string | null, expected: string) => python(key, ['-c', program, expected])
  t.equal(lastError('bad.key_secret', 'nothing'), 'None\n')
  const removed = `${remote} has not accepted this client's keys`
  t.match(lastError('clients/good.key_secret', removed), removed)
  t.match(gateway.log, /ZeroMQ: refused a client at \S+: no file in CURVE_CLIENTS has its key/)
  const none = `${remote} requires keys: set FRAMEGATE_CURVE_KEY and FRAMEGATE_CURVE_SERVER_KEY (docs/security.md)`
  t.match(lastError(null, none), none)
  const doctor = await until('what is missing', () => {
    const printed = python(null, ['-m', 'framegate.cli', 'doctor'])
    return printed.includes(`FAIL  a: ${remote} requires keys\n      set FRAMEGATE_CURVE_KEY and`) && printed
  })
  t.notMatch(doctor, 'frames at')
})
