// Set-up step: node_modules as package-lock.json says.

import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { must } from './run.mjs'
import { hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const folder = join(root, 'node_modules')
const stampFile = join(folder, '.framegate-stamp.json')
const inputs = [join(root, 'package.json'), join(root, 'package-lock.json')]

/** How npm is called: the one that runs us, else the one on PATH. npm_execpath may also be yarn's or pnpm's. */
export function npmCommand(env = process.env) {
  const path = env.npm_execpath ?? ''
  return basename(path) === 'npm-cli.js' && existsSync(path) ? [process.execPath, path] : ['npm']
}

function lockedPackages(file) {
  const { packages } = JSON.parse(readFileSync(file, 'utf8'))
  return Object.entries(packages).filter(([path]) => path !== '')
}

/** Somebody ran `npm ci` himself: npm's own list of what it installed says the same as the lock file. */
function isInstalled() {
  try {
    const installed = new Map(lockedPackages(join(folder, '.package-lock.json')))
    return lockedPackages(inputs[1]).every(([path, wanted]) => {
      const has = installed.get(path)
      // What is optional is left out where it is not for this machine.
      return has === undefined
        ? wanted.optional === true
        : has.version === wanted.version && has.integrity === wanted.integrity
    })
  } catch {
    return false
  }
}

/** @throws {SetupError} with npm's last lines. */
export async function npmPackages({ step }) {
  const hash = hashOf(inputs)
  if (readStamp(stampFile).hash === hash) return
  if (!isInstalled()) await install(step)
  writeStamp(stampFile, { hash })
  step.done(`installed ${lockedPackages(join(folder, '.package-lock.json')).length}`)
}

async function install(step) {
  const total = lockedPackages(inputs[1]).length
  let fetched = 0
  step.update('npm ci', 0)
  // Dependencies' scripts stay off: none of ours needs one, and they are the usual way in for malicious packages.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http']
  const [command, ...rest] = [...npmCommand(), ...args]
  await must('npm ci failed; is there a network that reaches the npm registry?', command, rest, {
    cwd: root,
    onLine: (line) => {
      if (!/^npm (http|HTTP)/.test(line)) return false
      if (line.includes('.tgz')) fetched += 1
      step.update(`npm ci, ${fetched} of up to ${total} downloaded`, fetched / total)
      return true
    },
  })
}
