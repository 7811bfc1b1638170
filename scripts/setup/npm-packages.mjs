// Setup step: installs node_modules from package-lock.json.

import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { must } from './run.mjs'
import { hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const folder = join(root, 'node_modules')
const stampFile = join(folder, '.framegate-stamp.json')
const inputs = [join(root, 'package.json'), join(root, 'package-lock.json')]

/** The npm that runs this script, else the one on PATH. npm_execpath may also be yarn's or pnpm's. */
export function npmCommand(env = process.env) {
  const path = env.npm_execpath ?? ''
  return basename(path) === 'npm-cli.js' && existsSync(path) ? [process.execPath, path] : ['npm']
}

function lockedPackages(file) {
  const { packages } = JSON.parse(readFileSync(file, 'utf8'))
  return Object.entries(packages).filter(([path]) => path !== '')
}

/** Whether the packages that npm lists as installed match the lock file, for instance after a manual `npm ci`. */
function isInstalled() {
  try {
    const installed = new Map(lockedPackages(join(folder, '.package-lock.json')))
    return lockedPackages(inputs[1]).every(([path, wanted]) => {
      const has = installed.get(path)
      // npm skips optional packages that are for other platforms.
      return has === undefined
        ? wanted.optional === true
        : has.version === wanted.version && has.integrity === wanted.integrity
    })
  } catch {
    return false
  }
}

/** @throws {SetupError} with npm's last lines of output. */
export async function npmPackages({ step }) {
  const hash = hashOf(inputs)
  if (readStamp(stampFile).hash === hash) return
  if (!isInstalled()) await install(step)
  writeStamp(stampFile, { hash })
  step.done(`${lockedPackages(join(folder, '.package-lock.json')).length} packages installed`)
}

async function install(step) {
  const total = lockedPackages(inputs[1]).length
  let fetched = 0
  step.update('npm ci', 0)
  // Install scripts of dependencies stay off: none is needed, and malicious packages usually attack through them.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http']
  const [command, ...rest] = [...npmCommand(), ...args]
  await must(
    'npm ci failed. Check that this machine can reach the npm registry, then run this command again.',
    command,
    rest,
    {
      cwd: root,
      onLine: (line) => {
        if (!/^npm (http|HTTP)/.test(line)) return false
        if (line.includes('.tgz')) fetched += 1
        step.update(`npm ci, ${fetched} of up to ${total} downloaded`, fetched / total)
        return true
      },
    },
  )
}
