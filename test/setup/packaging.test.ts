// What packaging/ holds fits the gateway: the systemd unit is sandboxed, and the scripts run in a plain shell.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../helpers/paths.js'

const UNIT = join(ROOT, 'packaging/systemd/framegated.service')
const analyze = spawnSync('systemd-analyze', ['--version']).status === 0

t.test(
  'systemd-analyze security rates the unit under 2.5',
  { skip: analyze ? false : 'systemd-analyze is not installed' },
  async (t) => {
    const { stdout, stderr } = spawnSync('systemd-analyze', ['security', '--offline=true', UNIT], { encoding: 'utf8' })
    const exposure = /Overall exposure level for framegated\.service: ([\d.]+)/.exec(stdout)?.[1]
    t.ok(Number(exposure) < 2.5, `${exposure}: ${stderr}`)
    t.notMatch(stderr, /Unknown key|Failed to parse/)
  },
)

t.test('the unit has readiness, the watchdog, reload, and what the gateway writes to', async (t) => {
  const unit = readFileSync(UNIT, 'utf8')
  for (const line of [
    'Type=notify',
    /^WatchdogSec=\d+$/m,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Restart=always',
    'User=framegate',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    /^SystemCallFilter=@system-service$/m,
    /^SystemCallFilter=sched_setscheduler capset$/m, // libzmq and setpriv end without them.
    'StateDirectory=framegate',
    'RuntimeDirectory=framegate',
  ])
    t.match(unit, line)
})

t.test('the scripts of the packages are valid', async (t) => {
  const scripts = ['postinst', 'prerm', 'postrm', 'framegated'].map((name) => `debian/${name}`)
  t.same(readdirSync(join(ROOT, 'packaging/debian')).sort(), ['framegated', 'postinst', 'postrm', 'prerm'])
  for (const script of [...scripts, 'try-debian.sh', 'try-npm.sh', 'try-systemd.sh']) {
    const { status, stderr } = spawnSync('sh', ['-n', join(ROOT, 'packaging', script)], { encoding: 'utf8' })
    t.equal(status, 0, `${script}: ${stderr}`)
  }
})
