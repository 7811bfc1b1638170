// Makes a checkout ready to run: packages, addon, TypeScript, MediaMTX. Needs nothing but Node.js, and does what is missing.
//   npm run setup               for `npm start`
//   npm run setup -- --tests    for `npm test` too

import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { debianPackages } from './setup/debian-packages.mjs'
import { withLock } from './setup/lock.mjs'
import { nativeBuild } from './setup/native.mjs'
import { npmPackages } from './setup/npm-packages.mjs'
import { page } from './setup/page.mjs'
import { Step } from './setup/progress.mjs'
import { pythonVenv } from './setup/python-venv.mjs'
import { SetupError, watchSignals } from './setup/run.mjs'
import { root } from './setup/stamp.mjs'
import { typescript } from './setup/typescript.mjs'

const LEAST_NODE = 20

const steps = [
  ['Debian packages', debianPackages],
  ['npm packages', npmPackages],
  ['native build', nativeBuild],
  ['TypeScript', typescript],
  ['page', page],
  // Loaded late: it uses the gateway's own finder, which the TypeScript step compiles.
  ['MediaMTX', async (context) => (await import('./setup/mediamtx.mjs')).mediamtx(context)],
]
const testSteps = [['Python for the tests', pythonVenv]]

/**
 * Does what is missing, and nothing (in well under a second, without a word) where all is there.
 *
 * @param options.forTests also what only the tests need.
 * @param options.quiet shows no progress.
 * @param options.only the names of the steps to do; default all.
 * @param options.retry tries again what failed a short while ago (MediaMTX, where it cannot be had).
 * @throws {SetupError} with words for people, where something is missing that the set-up cannot mend.
 */
export async function setup({ forTests = false, quiet = false, retry = false, only } = {}) {
  if (process.platform !== 'linux') throw new SetupError(`Framegate runs on Linux; this is ${process.platform}.`)
  if (Number(process.versions.node.split('.')[0]) < LEAST_NODE)
    throw new SetupError(`Framegate needs Node.js ${LEAST_NODE} or newer; this is ${process.versions.node}.`)
  const stopWatching = watchSignals()
  try {
    const all = [...steps, ...(forTests ? testSteps : [])].filter(([name]) => only?.includes(name) ?? true)
    const lock = join(root, 'dist', '.setup.lock')
    // `npm start` and `npm test` at once in one checkout: the second waits, and then finds all done.
    const onWait = (pid) => {
      if (!quiet) process.stderr.write(`Waiting for another set-up of this checkout (process ${pid}).\n`)
    }
    await withLock(lock, onWait, async () => {
      for (const [i, [name, work]] of all.entries()) {
        const step = new Step(i + 1, all.length, name, { quiet })
        try {
          await work({ step, forTests, retry })
        } finally {
          step.pause()
        }
      }
    })
  } finally {
    stopWatching()
  }
}

/** The same as a command: says why it failed, in words, and ends the process with status 1. */
export async function setupOrExit(options, last = () => undefined) {
  try {
    await setup(options)
  } catch (error) {
    process.stderr.write(`\nThe set-up stopped: ${error instanceof SetupError ? error.message : error.stack}\n`)
    last()
    process.exit(1)
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const unknown = process.argv.slice(2).find((argument) => argument !== '--tests')
  if (unknown !== undefined) {
    process.stderr.write(`setup: unknown argument ${unknown}; the only one is --tests\n`)
    process.exit(2)
  }
  await setupOrExit({ forTests: process.argv.includes('--tests'), retry: true })
}
