// npm start, if a gateway is already running.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { ROOT } from '../helpers/paths.js'

t.test('a gateway that is already running is reported before the set-up', async (t) => {
  let asked = ''
  const gateway = createServer((request, response) => {
    asked = request.url ?? ''
    response.end('{"ok":true}')
  }).listen(0, '127.0.0.1')
  t.teardown(() => gateway.close())
  await once(gateway, 'listening')
  const { port } = gateway.address() as AddressInfo
  const start = spawn(process.execPath, [join(ROOT, 'scripts/start.mjs'), '--demo'], {
    // The offset alone moves the port, too.
    env: { ...process.env, HTTP_PORT: '', PORT_OFFSET: String(port - 8090) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stderr] = await Promise.all([text(start.stderr), once(start, 'exit')])
  t.equal(start.exitCode, 1)
  t.equal(asked, '/health')
  t.match(stderr, `a gateway is already running at http://127.0.0.1:${port};`)
  t.notMatch(stderr, /\[1\/|MediaMTX/, 'no set-up')
})
