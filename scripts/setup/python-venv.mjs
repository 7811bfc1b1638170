// Setup step for tests: creates a Python environment in .venv with the packages of the client and the tests.

import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { must, run, SetupError } from './run.mjs'
import { hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const venv = join(root, '.venv')
const stampFile = join(venv, '.framegate-stamp.json')
const requirements = ['clients/python/requirements.txt', 'test/python/requirements.txt'].map((name) => join(root, name))
// Packages that depend on opencv-python, which conflicts with opencv-python-headless. Installed without dependencies.
const withoutDependencies = join(root, 'test/python/requirements-no-deps.txt')

/** The Python of the tests. */
export const python = join(venv, 'bin/python')

/** A hash of the requirements and of the interpreter that .venv uses; null if that is gone. */
function hash() {
  try {
    return hashOf([...requirements, withoutDependencies, join(venv, 'pyvenv.cfg')], realpathSync(python))
  } catch {
    return null
  }
}

/** The Python on PATH may lack venv, so tries the system's too, which the Debian package python3-venv is for. */
async function interpreter() {
  for (const candidate of ['python3', '/usr/bin/python3']) {
    if ((await run(candidate, ['-c', 'import ensurepip, venv'])).code === 0) return candidate
  }
  throw new SetupError(
    'Could not create a Python environment: python3 lacks the modules venv and ensurepip.\n' +
      'On Debian and Ubuntu, install them with: sudo apt-get install python3-venv',
  )
}

/** @throws {SetupError} with pip's last lines of output. */
export async function pythonVenv({ step }) {
  const before = hash()
  if (before !== null && readStamp(stampFile).hash === before) return
  step.update('creating .venv')
  rmSync(venv, { recursive: true, force: true })
  await must('Could not create the Python environment .venv.', await interpreter(), ['-m', 'venv', venv])
  const present = requirements.filter((file) => existsSync(file))
  const wanted = present
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => /^\s*[a-zA-Z]/.test(line)).length
  let seen = 0
  const install = (...which) =>
    must(
      'pip could not install the packages of the Python tests. Check that this machine can reach the package index (PyPI), ' +
        'then run this command again.',
      python,
      ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off', ...which],
      {
        onLine: (line) => {
          const name = /^Collecting ([\w.-]+)/.exec(line)?.[1]
          if (name !== undefined) step.update(`pip, ${name}`, Math.min(0.9, ++seen / (wanted + 4)))
          else if (line.startsWith('Installing collected')) step.update('pip, unpacking', 0.95)
          else if (!line.startsWith('ERROR')) return line.startsWith(' ')
          return false
        },
      },
    )
  await install(...present.flatMap((file) => ['-r', file]))
  if (existsSync(withoutDependencies)) await install('--no-deps', '-r', withoutDependencies)
  writeStamp(stampFile, { hash: hash() })
  step.done('created')
}
