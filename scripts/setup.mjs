// Prepares a checkout: packages, addon, TypeScript, page, MediaMTX. Needs only Node.js, and does only what is missing.
//   npm run setup               for `npm start`
//   npm run setup -- --tests    also for `npm test`

import '../bin/require-node.cjs'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { debianPackages } from './setup/debian-packages.mjs'
import { withLock } from './setup/lock.mjs'
import { nativeBuild } from './setup/native.mjs'
import { npmPackages } from './setup/npm-packages.mjs'
import { page } from './setup/page.mjs'
import { duration, Step } from './setup/progress.mjs'
import { pythonVenv } from './setup/python-venv.mjs'
import { SetupError, watchSignals } from './setup/run.mjs'
import { root } from './setup/stamp.mjs'
import { typescript } from './setup/typescript.mjs'

const steps = [
  ['Debian packages', debianPackages],
  ['npm packages', npmPackages],
  ['native build', nativeBuild],
  ['TypeScript', typescript],
  ['page', page],
  // Imported late, because it uses the gateway's code that finds MediaMTX, which the TypeScript step compiles.
  ['MediaMTX', async (context) => (await import('./setup/mediamtx.mjs')).mediamtx(context)],
]
const testSteps = [
  ['Python for the tests', pythonVenv],
  // Imported late for the same reason.
  ['promtool', async (context) => (await import('./setup/promtool.mjs')).promtool(context)],
]

/**
 * Runs the steps that are needed. If none is, it takes well under a second and prints nothing.
 *
 * @param options.forTests true: also installs what only the tests need.
 * @param options.quiet true: shows no progress.
 * @param options.only the names of the steps to run; default all.
 * @param options.retry true: retries at once what failed recently (installing MediaMTX).
 * @throws {SetupError} if a step fails; the message says how to fix it.
 */
export async function setup({ forTests = false, quiet = false, retry = false, only } = {}) {
  if (process.platform !== 'linux')
    throw new SetupError(
      `Framegate runs only on Linux, and this system is ${process.platform}. Use a Linux machine or container.`,
    )
  const stopWatching = watchSignals()
  try {
    const all = [...steps, ...(forTests ? testSteps : [])].filter(([name]) => only?.includes(name) ?? true)
    const lock = join(root, 'dist', '.setup.lock')
    // If `npm start` and `npm test` run at once in one checkout, the second waits and then finds everything done.
    const onWait = (pid, ms) => {
      const text = `Waiting for another setup of this checkout to finish (process ${pid}, for ${duration(ms)})\n`
      if (!quiet) process.stderr.write(text)
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

/** Runs the setup as a command: if it fails, prints why and exits with status 1. @param last runs before that exit. */
export async function setupOrExit(options, last = () => undefined) {
  try {
    await setup(options)
  } catch (error) {
    process.stderr.write(`\nSetup failed: ${error instanceof SetupError ? error.message : error.stack}\n`)
    last()
    process.exit(1)
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const unknown = process.argv.slice(2).find((argument) => argument !== '--tests')
  if (unknown !== undefined) {
    process.stderr.write(`setup: unknown argument "${unknown}"; usage: npm run setup [-- --tests]\n`)
    process.exit(2)
  }
  await setupOrExit({ forTests: process.argv.includes('--tests'), retry: true })
}
