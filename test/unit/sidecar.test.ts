// The MediaMTX process, played by shell scripts.

import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mock } from 'node:test'
import t from 'tap'
import { Sidecar } from '../../src/mediamtx/sidecar.js'
import { temporaryFolder } from '../helpers/paths.js'

/** A program that runs these shell commands, and everything that the gateway's log says of it. */
function program(t: { teardown(run: () => unknown): void }, commands: string) {
  const binary = join(temporaryFolder(t), 'mediamtx')
  writeFileSync(binary, `#!/bin/sh\n${commands}\n`)
  chmodSync(binary, 0o755)
  const log: string[] = []
  const add = (line: string) => log.push(line)
  const logger = { debug: add, info: add, warn: add, error: add }
  const sidecar = new Sidecar({ binary, configFile: '/dev/null', env: { PATH: process.env.PATH }, logger })
  t.teardown(() => sidecar.stop())
  return { sidecar, log }
}

const line = (level: string, message: string) => `echo '${JSON.stringify({ time: 'now', level, message })}'`

t.test('an error line about a path becomes an event; neither event nor log has the password', async (t) => {
  const { sidecar, log } = program(
    t,
    [
      line('ERR', '[path a] [RTSP source] dial rtsp://u:pw@h/s: connect: connection refused'),
      line('INF', '[path b] [RTSP source] started on rtsp://u:pw@h/s'),
      'echo "panic: rtsp://u:pw@h/s" >&2',
      'exec sleep 60',
    ].join('\n'),
  )
  const event = once(sidecar, 'path-error')
  sidecar.start()
  const [name, error] = await event
  t.equal(name, 'a')
  t.equal(error.code, 'ERR_SOURCE_UNREACHABLE')
  t.equal(error.message, 'MediaMTX cannot pull the camera: dial rtsp://***@h/s: connect: connection refused')
  await sidecar.stop()
  t.match(log.join('\n'), /started on rtsp:\/\/\*\*\*@h/)
  t.match(log.join('\n'), /panic: rtsp:\/\/\*\*\*@h/)
  t.notMatch(log.join('\n'), 'pw')
})

t.test("Go's escapes, which JSON lacks, do not hide what a line says", async (t) => {
  const cases: [string, string][] = [
    [String.raw`invalid SDP: \"m=video 0\x00\"`, 'invalid SDP: "m=video 0?"'],
    [
      String.raw`bell \a, \v, colour \x1b[31m, no byte \xff, face \U0001f600, \u202e, \\x41`,
      'bell ?, ?, colour ?[31m, no byte ÿ, face 😀, ?, \\x41',
    ],
  ]
  for (const [written, read] of cases) {
    const text = `{"time":"now","level":"ERR","message":"[path a] [RTSP source] ${written}"}`
    const { sidecar } = program(t, `cat <<'END'\n${text}\nEND\nexec sleep 60`)
    const event = once(sidecar, 'path-error')
    sidecar.start()
    t.equal((await event)[1].message, `MediaMTX cannot pull the camera: ${read}`)
    await sidecar.stop()
  }
})

t.test('the reason of a death is the signal, or the exit status and the last error in the log', async (t) => {
  const cases: [string, RegExp][] = [
    [
      `${line('ERR', 'listen tcp :8554: bind: address already in use')}\n${line('INF', 'bye')}\nexit 1`,
      /^exit status 1 \(its last error: listen tcp :85/,
    ],
    [`echo 'not a setting: x'\nexit 1`, /^exit status 1 \(its last error: not a setting: x\)$/],
    ['exit 7', /^exit status 7$/],
    [`${line('ERR', '[API] path not found')}\nkill -KILL $$`, /^killed by SIGKILL$/],
  ]
  for (const [commands, why] of cases) {
    const { sidecar } = program(t, commands)
    const died = once(sidecar, 'died')
    sidecar.start()
    t.match((await died)[0], why)
    await sidecar.stop()
  }
})

t.test('restarts after 0.2 s, then twice as long each time, up to 5 s', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { sidecar } = program(t, 'exit 1')
  let starts = 0
  sidecar.on('started', () => starts++)
  let died = once(sidecar, 'died')
  sidecar.start()
  for (const [i, delayMs] of [200, 400, 800, 1600, 3200, 5000, 5000].entries()) {
    await died
    died = once(sidecar, 'died')
    mock.timers.tick(delayMs - 1)
    t.equal(starts, i + 1, `not before ${delayMs} ms`)
    mock.timers.tick(1)
    t.equal(starts, i + 2, `after ${delayMs} ms`)
  }
  await died
  await sidecar.stop()
  mock.timers.tick(60000)
  t.equal(starts, 8, 'not after stop()')
})
