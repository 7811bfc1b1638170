// Setup step for tests: creates a Python environment in .venv with the packages of the client and the tests.

import { readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installLocked, interpreter } from './python.mjs'
import { must } from './run.mjs'
import { hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const venv = join(root, '.venv')
const stampFile = join(venv, '.framegate-stamp.json')
const lock = join(root, 'test/python/requirements.lock')
// Installed afterwards, see test/python/requirements-no-deps.txt.
const withoutDependencies = join(root, 'test/python/requirements-no-deps.lock')

/** The Python of the tests. */
export const python = join(venv, 'bin/python')

/** A hash of the lock files and of the interpreter that .venv uses; null if that is gone. */
function hash() {
  try {
    return hashOf([lock, withoutDependencies, join(venv, 'pyvenv.cfg')], realpathSync(python))
  } catch {
    return null
  }
}

/** @throws {SetupError} with pip's last lines of output. */
export async function pythonVenv({ step }) {
  const before = hash()
  if (before !== null && readStamp(stampFile).hash === before) return
  step.update('creating .venv')
  rmSync(venv, { recursive: true, force: true })
  await must('Could not create the Python environment .venv.', await interpreter(), ['-m', 'venv', venv])
  const wanted = readFileSync(lock, 'utf8')
    .split('\n')
    .filter((line) => /^[a-z]/i.test(line)).length
  let seen = 0
  const install = (file, ...options) =>
    installLocked({
      python,
      lock: file,
      options,
      failure:
        'pip could not install the packages of the Python tests. Check that this machine can reach the package index (PyPI), ' +
        'then run this command again.',
      onPackage: (name) => step.update(`pip, ${name}`, Math.min(0.9, ++seen / wanted)),
    })
  await install(lock, '--only-binary', ':all:')
  await install(withoutDependencies, '--no-deps', '--no-build-isolation')
  writeStamp(stampFile, { hash: hash() })
  step.done('created')
}
