// `npm run uninstall`: removes what the gateway and its set-up wrote outside the checkout, and says what else they
// installed. `-- --yes` does not ask.

import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { removablePackages } from './setup/debian-packages.mjs'
import { root } from './setup/stamp.mjs'

const { env } = process
const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'framegate')
const state = join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'framegate')
// As in src/publish/local-lane.ts.
const laneFolders = [
  ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'framegate')] : []),
  join(tmpdir(), `framegate-${process.getuid()}`),
]

const USAGE = 'usage: npm run uninstall [-- --yes]'
if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
  process.stdout.write(`${USAGE}\nRemoves what Framegate wrote outside the checkout. --yes: without asking.\n`)
  process.exit(0)
}
const unknown = process.argv.slice(2).find((argument) => argument !== '--yes')
if (unknown !== undefined) {
  process.stderr.write(`uninstall: unknown argument "${unknown}"; ${USAGE}\n`)
  process.exit(2)
}
const say = (line = '') => process.stdout.write(`${line}\n`)
// `npm run uninstall | head` reads only the first lines; the rest is removed all the same.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error
})

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

/** Keeps a folder that is in use: a gateway that runs has its socket there. */
function removeIfEmpty(folder, what) {
  try {
    rmdirSync(folder)
    say(`Removed ${folder} (${what}).`)
  } catch (error) {
    if (error.code === 'ENOTEMPTY') say(`Kept ${folder} (${what}): it has ${readdirSync(folder).join(', ')}.`)
    else if (error.code !== 'ENOENT') say(`Kept ${folder} (${what}): ${error.message}`)
  }
}

// A gateway that runs has a lock beside its list (src/state-lock.ts), and needs its MediaMTX.
const files = existsSync(state) ? readdirSync(state) : []
for (const name of files.filter((file) => file.endsWith('.lock'))) {
  const pid = Number(/"pid":(\d+)/.exec(readFileSync(join(state, name), 'utf8'))?.[1])
  if (!existsSync(`/proc/${pid}`)) continue
  process.stderr.write(`uninstall: a gateway is running (process ${pid}); stop it first\n`)
  process.exit(1)
}

if (existsSync(cache)) remove(cache, 'MediaMTX and downloads')
else say(`There is no ${cache}.`)
for (const folder of laneFolders) removeIfEmpty(folder, 'sockets of local readers')

const what = 'the lists of cameras, with their passwords'
if (files.length === 0) say(`There is no list of cameras in ${state}.`)
else if (await agrees(`Remove ${state} (${what}: ${files.join(', ')})?`)) remove(state, what)
else say(`Kept ${state} (${what}). To remove it: npm run uninstall -- --yes`)
if (env.STATE_FILE) say(`STATE_FILE is ${env.STATE_FILE}; remove it yourself if you no longer need it.`)

say()
const removable = await removablePackages()
if (removable.length > 0) {
  say(
    'These Debian packages are installed, some of them by the set-up. Other programs may need them, so look at what apt',
  )
  say('would remove with them before you confirm:')
  const sudo = process.getuid() === 0 ? '' : 'sudo '
  say(`  ${sudo}apt-get remove ${removable.join(' ')}`)
  say(`  ${sudo}apt-get autoremove`)
}
say()
say('npm and GStreamer keep caches that other programs use as well:')
say('  ~/.npm (to empty it: npm cache clean --force), ~/.cache/gstreamer-1.0, ~/.cache/dconf')
say('In each Python environment that has the client:')
say('  pip uninstall framegate')
say(`Last, delete the checkout: ${root}`)
