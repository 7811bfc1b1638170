// A gateway that is ended at any moment of its start ends everything that it has started. The process must then end
// without process.exit(), which would hide a server, timer or child process that was left behind.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { cleanEnv, mediaMtxPorts } from '../helpers/gateway.js'
import { MEDIAMTX, ROOT, temporaryFolder } from '../helpers/paths.js'

const MOMENTS = 12
const PROGRAM = `
import { App } from '${join(ROOT, 'dist/src/app.js')}'
import { readConfig } from '${join(ROOT, 'dist/src/config.js')}'
import { setTimeout as pause } from 'node:timers/promises'

const quiet = () => undefined
const { config, ...rest } = readConfig([], process.env, '0')
const app = (mediamtx) => new App({ ...rest, config: { ...config, mediamtx } }, { debug: quiet, info: quiet, warn: quiet, error: quiet }, '0', process.env)
for (const mediamtx of new Set([config.mediamtx, 'off'])) {
  const first = app(mediamtx)
  const begun = performance.now()
  await first.start()
  const startMs = performance.now() - begun
  await first.close()
  for (let i = 0; i < ${MOMENTS}; i++) {
    const next = app(mediamtx)
    const started = next.start().then(() => 'started', ({ message }) => message)
    await pause((i * startMs) / ${MOMENTS})
    await next.close()
    process.stdout.write((await started) + '\\n')
  }
}
process.stdout.write(process.getActiveResourcesInfo().join(' '))
`

t.test('closing at any moment of the start leaves nothing running', async (t) => {
  const env = {
    ...cleanEnv(),
    ...(await mediaMtxPorts()),
    MEDIAMTX: MEDIAMTX ? 'managed' : 'off',
    HTTP_PORT: '0',
    ZMQ_BIND: 'tcp://127.0.0.1:*',
    STATE_FILE: join(temporaryFolder(t), 'cameras.json'),
  }
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], { env })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const timer = setTimeout(() => child.kill('SIGKILL'), 60000)
  const [status] = await once(child, 'close')
  clearTimeout(timer)
  t.equal(status, 0, `it did not end: ${output}`)
  t.match(output, /the gateway is shutting down/)
})
