// `npm run uninstall`: removes what the gateway and its set-up wrote outside the checkout, and says what else they
// installed. `-- --yes` does not ask.

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { packages, testPackages } from './setup/debian-packages.mjs'
import { root } from './setup/stamp.mjs'

const { env } = process
const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'framegate')
const state = join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'framegate')

const unknown = process.argv.slice(2).find((argument) => argument !== '--yes')
if (unknown !== undefined) {
  process.stderr.write(`uninstall: unknown argument "${unknown}"; usage: npm run uninstall [-- --yes]\n`)
  process.exit(2)
}
const say = (line = '') => process.stdout.write(`${line}\n`)

/** @returns false without a terminal to ask on. */
async function agrees(question) {
  if (process.argv.includes('--yes')) return true
  if (!process.stdin.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question(`${question} [y/N] `).finally(() => terminal.close())
  return /^y(es)?$/i.test(answer.trim())
}

function remove(path, what) {
  rmSync(path, { recursive: true, force: true })
  say(`Removed ${path} (${what}).`)
}

if (existsSync(cache)) remove(cache, 'MediaMTX and downloads')
else say(`There is no ${cache}.`)

// A gateway that runs has a lock beside its list.
const files = existsSync(state) ? readdirSync(state) : []
const what = 'the lists of cameras, with their passwords'
if (files.length === 0) say(`There is no list of cameras in ${state}.`)
else if (await agrees(`Remove ${state} (${what}: ${files.join(', ')})?`)) remove(state, what)
else say(`Kept ${state} (${what}). To remove it: npm run uninstall -- --yes`)
if (env.STATE_FILE) say(`STATE_FILE is ${env.STATE_FILE}; remove it yourself if you no longer need it.`)

say()
say('The set-up installed those of these Debian packages that were missing. Other programs may need them by now, so')
say('look at what apt would remove with them before you confirm:')
say(`  sudo apt-get remove ${[...packages, ...testPackages].join(' ')}`)
say()
say('In each Python environment that has the client:')
say('  pip uninstall framegate')
say(`Last, delete the checkout: ${root}`)
