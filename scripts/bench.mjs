// `npm run bench`: runs the setup, installs what the benchmark needs in build/bench, and measures (bench/run.py).

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setupOrExit } from './setup.mjs'
import { installLocked } from './setup/python.mjs'
import { must, SetupError } from './setup/run.mjs'
import { hashOf, readStamp, root, writeStamp } from './setup/stamp.mjs'

const lock = join(root, 'bench/requirements.lock')
const venv = join(root, 'build/bench/venv')
const stampFile = join(venv, '.framegate-stamp.json')
const python = join(venv, 'bin/python')
// The system's, because PyGObject comes from Debian.
const SYSTEM_PYTHON = '/usr/bin/python3'

async function benchPython() {
  const hash = hashOf([lock], SYSTEM_PYTHON)
  if (existsSync(python) && readStamp(stampFile).hash === hash) return
  process.stderr.write('Installing the packages of the benchmark in build/bench (about a minute).\n')
  rmSync(venv, { recursive: true, force: true })
  await must(
    `${SYSTEM_PYTHON} could not create an environment. Install: sudo apt-get install python3-venv python3-gi`,
    SYSTEM_PYTHON,
    ['-m', 'venv', '--system-site-packages', venv],
  )
  await installLocked({
    python,
    lock,
    options: ['--only-binary', ':all:'],
    failure: 'pip could not install the packages of the benchmark. Check that this machine can reach PyPI.',
  })
  writeStamp(stampFile, { hash })
}

await setupOrExit({})
try {
  await benchPython()
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}
const ran = spawnSync(python, [join(root, 'bench/run.py'), ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(ran.status ?? 1)
