// Set-up step for tests: a Python environment in .venv with what the clients and their tests need.

import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { must, run, SetupError } from './run.mjs'
import { hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const venv = join(root, '.venv')
const stampFile = join(venv, '.framegate-stamp.json')
const requirements = ['clients/python/requirements.txt', 'test/python/requirements.txt'].map((name) => join(root, name))
// Packages that ask for opencv-python, which must not be beside opencv-python-headless: without what they ask for.
const withoutDependencies = join(root, 'test/python/requirements-no-deps.txt')

/** The Python of the tests. */
export const python = join(venv, 'bin/python')

/** Changes with the requirements and with the interpreter behind .venv; null where that is gone. */
function hash() {
  try {
    return hashOf([...requirements, withoutDependencies, join(venv, 'pyvenv.cfg')], realpathSync(python))
  } catch {
    return null
  }
}

/** The Python on PATH may be one that cannot make environments; the Debian package python3-venv is for the system's. */
async function interpreter() {
  for (const candidate of ['python3', '/usr/bin/python3']) {
    if ((await run(candidate, ['-c', 'import ensurepip, venv'])).code === 0) return candidate
  }
  throw new SetupError(
    'No python3 here can make an environment: its modules venv and ensurepip are missing (Debian: python3-venv).',
  )
}

/** @throws {SetupError} with pip's last lines. */
export async function pythonVenv({ step }) {
  const before = hash()
  if (before !== null && readStamp(stampFile).hash === before) return
  step.update('making .venv')
  rmSync(venv, { recursive: true, force: true })
  await must('The Python environment .venv could not be made.', await interpreter(), ['-m', 'venv', venv])
  const present = requirements.filter((file) => existsSync(file))
  const wanted = present
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => /^\s*[a-zA-Z]/.test(line)).length
  let seen = 0
  const install = (...which) =>
    must(
      'pip could not install what the Python tests need; is there a network that reaches the package index?',
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
  step.done('made')
}
