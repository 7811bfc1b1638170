// Set-up step: the Debian packages that building and running need. Ubuntu and Raspberry Pi OS name them alike.

import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { run, SetupError, which } from './run.mjs'
import { otherSystem } from './other-system.mjs'

export const packages = [
  'build-essential',
  'ca-certificates',
  'cmake',
  'curl', // downloads MediaMTX
  'glib-networking', // TLS of rtspsrc: rtsps://
  'gstreamer1.0-libav', // avdec_h264, avdec_h265
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good', // rtspsrc
  'gstreamer1.0-plugins-ugly', // x264enc of the test camera
  'libgstreamer-plugins-base1.0-dev',
  'libgstreamer1.0-dev',
  'libgstrtspserver-1.0-dev', // the test camera
  'libturbojpeg0-dev',
  'libyuv-dev',
  'pkg-config',
  'python3', // node-gyp
  'util-linux', // setpriv, flock
]
export const testPackages = [
  'gstreamer1.0-tools', // gst-launch-1.0, a player that is not ours
  'python3-venv',
  // Ubuntu has it as a snap alone; the browser tests are skipped where it is not there.
  ...(/^ID=ubuntu$/m.test(osRelease()) ? [] : ['chromium']),
]

const LOCK_WAIT_S = 300
const LOCK_POLL_MS = 3000
const apt = ['-o', `DPkg::Lock::Timeout=${LOCK_WAIT_S}`, '-o', 'Dpkg::Use-Pty=0', '-o', 'APT::Status-Fd=3']

function osRelease() {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
}

/** Names one at a time, in the order given. @param output of dpkg-query with `queryFormat`. */
export function missingPackages(wanted, output) {
  const installed = new Set()
  for (const line of output.split('\n')) {
    const [name, status] = line.split(' ')
    if (status === 'installed') installed.add(name)
  }
  return wanted.filter((name) => !installed.has(name))
}

export const queryFormat = '${Package} ${db:Status-Status}\n'

/** The one command that people run themselves where the set-up may not, or could not. @param as root, sudo or su. */
export function commandFor(missing, as) {
  const command = (sudo) =>
    `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${missing.join(' ')}`
  return { root: command(''), sudo: command('sudo '), su: `su -c '${command('')}'` }[as]
}

/** What apt and dpkg call errors, and then the last lines: the reason stands far above the end. */
export function aptFailure(lines) {
  const errors = lines.filter((line) => /^(E|W|Err|dpkg|.*: error|pmerror)\b.*:|failed/i.test(line)).slice(0, 15)
  return [...errors, ...lines.slice(-10).filter((line) => !errors.includes(line))].join('\n')
}

/**
 * One line of APT::Status-Fd.
 *
 * @returns what it says, and how far the whole installation is: 0 to 1, the download being the first half of it.
 */
export function aptProgress(line) {
  const match = /^(dlstatus|pmstatus):([^:]*):(?:[^:]*:)??(\d+(?:\.\d+)?):(.*)$/.exec(line)
  if (match === null) return null
  const [, kind, , percent, text] = match
  const fraction = Number(percent) / 200
  return kind === 'dlstatus' ? { text: 'downloading', fraction } : { text, fraction: 0.5 + fraction }
}

async function query(wanted) {
  // It ends with 1 where a name is not known to it; its list is right all the same.
  const { stdout } = await run('dpkg-query', ['-W', `-f=${queryFormat}`, ...wanted], {
    env: { ...process.env, LC_ALL: 'C' },
  })
  return missingPackages(wanted, stdout)
}

/** How commands run as root here: their beginning, or null where they cannot. */
async function rootPrefix(step) {
  if (process.getuid() === 0) return []
  if (which('sudo') === null) return null
  if ((await run('sudo', ['-n', 'true'])).code === 0) return ['sudo', '-n']
  if (!process.stdin.isTTY) return null
  step.note('installing packages needs root; sudo asks for your password.')
  return (await run('sudo', ['-v'], { terminal: true })).code === 0 ? ['sudo'] : null
}

/** @throws {SetupError} with what people can do, where packages are missing and cannot be installed. */
export async function debianPackages({ step, forTests }) {
  if (which('dpkg-query') === null || which('apt-get') === null) return otherSystem({ step, forTests })
  const wanted = forTests ? [...packages, ...testPackages] : packages
  const missing = await query(wanted)
  if (missing.length === 0) return
  const prefix = await rootPrefix(step)
  if (prefix === null) {
    // Somebody may have built GStreamer himself, where no package tells.
    if (await otherSystem({ step, forTests, onlyLook: true })) return
    throw new SetupError(
      `${missing.length} Debian packages are missing, and this user may not install them. Run this, then the same command again:\n\n` +
        `  ${commandFor(missing, which('sudo') === null ? 'su' : 'sudo')}\n`,
    )
  }
  await install(step, prefix, missing)
  const still = await query(wanted)
  if (still.length > 0)
    throw new SetupError(`apt-get says that all went well, but these packages are not installed: ${still.join(', ')}`)
  step.done(`installed ${missing.length}`)
}

async function install(step, prefix, missing) {
  const names = missing.length > 2 ? `${missing[0]}, ...` : missing.join(', ')
  const title = `installing ${missing.length} (${names})`
  const aptGet = (args, onLine) => {
    // The progress comes on a copy of stdout made behind sudo, which closes all others. Not on stdout itself:
    // apt closes the one it reports on for the packages' scripts, and those that write then fail.
    const shell = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'sh', '-c', 'exec apt-get "$@" 3>&1', 'sh']
    const [command, ...rest] = [...prefix, ...shell, ...apt, ...args]
    return run(command, rest, { onLine, finish: true, terminal: prefix.length === 1 })
  }
  step.update('reading the package lists')
  const update = await updateLists(step, aptGet)
  let said = ''
  const lines = []
  const result = await aptGet(['install', '-y', '--no-install-recommends', ...missing], (line) => {
    const progress = aptProgress(line)
    if (progress === null) return lines.push(line) > 0
    if (progress.text !== said) said = progress.text
    step.update(`${title}, ${said.slice(0, 50)}`, progress.fraction)
    return true
  })
  if (result.code === 0) return
  step.pause()
  throw new SetupError(
    `apt-get could not install ${missing.join(' ')}.\n` +
      (update.length === 0
        ? ''
        : `The package lists could not be read either; is there a network?\n${update.join('\n')}\n`) +
      `${aptFailure(lines)}\n\nMend that, or run it yourself:\n\n  ${commandFor(missing, prefix.length > 0 ? 'sudo' : 'root')}\n`,
  )
}

/**
 * A list that cannot be read (a dead third-party source) need not hinder the installation: that decides.
 *
 * @returns what apt says is wrong; it ends with 0 all the same where a server cannot be reached.
 */
async function updateLists(step, aptGet) {
  const until = Date.now() + LOCK_WAIT_S * 1000
  for (;;) {
    const problems = []
    const { code, tail } = await aptGet(['update'], (line) => {
      if (/^(E|W|Err):/.test(line)) problems.push(line)
      return aptProgress(line) !== null
    })
    // DPkg::Lock::Timeout is not for the lock of the lists, which a machine holds right after its start.
    const locked = code !== 0 && /Could not get lock/.test(tail)
    if (!locked || Date.now() > until) return problems
    step.update('waiting for another apt to end')
    await sleep(LOCK_POLL_MS)
  }
}
