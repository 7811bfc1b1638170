// Finds a Python that can create environments, and installs packages whose hashes are pinned.

import { must, run, SetupError } from './run.mjs'

/**
 * The Python on PATH may lack venv, so tries the system's too, which the Debian package python3-venv is for.
 *
 * @returns its name or path. @throws {SetupError} if there is none.
 */
export async function interpreter(env = process.env) {
  for (const candidate of ['python3', '/usr/bin/python3']) {
    if ((await run(candidate, ['-c', 'import ensurepip, venv'], { env })).code === 0) return candidate
  }
  throw new SetupError(
    'Could not create a Python environment: python3 lacks the modules venv and ensurepip.\n' +
      'On Debian and Ubuntu, install them with: sudo apt-get install python3-venv',
  )
}

/**
 * Installs packages with pip. It accepts only the files whose SHA-256 is in a lock file, and builds nothing unless
 * `options` allow it, because a build would download tools that have no pin.
 *
 * @param lock path of a lock file with hashes.
 * @param options more arguments of pip.
 * @param onPackage receives the name of each package that pip begins to download.
 * @throws {SetupError} with pip's last lines of output.
 */
export async function installLocked({ python, lock, options = [], env = process.env, failure, onPackage }) {
  const all = ['--require-hashes', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off', ...options]
  await must(failure, python, ['-m', 'pip', 'install', ...all, '-r', lock], {
    env,
    onLine: (line) => {
      const name = /^Collecting ([\w.-]+)/.exec(line)?.[1]
      if (name !== undefined) onPackage?.(name)
      else if (!line.startsWith('ERROR')) return line.startsWith(' ')
      return name !== undefined
    },
  })
}
