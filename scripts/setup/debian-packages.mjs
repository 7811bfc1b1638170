// Setup step: installs the Debian packages that the build and the gateway need. Ubuntu and Raspberry Pi OS use the same
// names.

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
  'python3-venv', // builds MediaMTX with the Go of PyPI
  'util-linux', // setpriv, flock
]
export const testPackages = [
  'gstreamer1.0-tools', // gst-launch-1.0, an independent player
  // Ubuntu has Chromium only as a snap. Without it the browser tests are skipped.
  ...(/^ID=ubuntu$/m.test(osRelease()) ? [] : ['chromium']),
]

/** Part of most systems, so the uninstall does not name them. */
const basePackages = ['ca-certificates', 'python3', 'util-linux']

/** What the set-up may have installed, as far as it is installed now. */
export async function removablePackages() {
  const candidates = [...packages, ...testPackages].filter((name) => !basePackages.includes(name))
  if (which('dpkg-query') === null) return []
  const absent = await query(candidates)
  return candidates.filter((name) => !absent.includes(name))
}

const LOCK_WAIT_S = 300
const LOCK_POLL_MS = 3000
const apt = ['-o', `DPkg::Lock::Timeout=${LOCK_WAIT_S}`, '-o', 'Dpkg::Use-Pty=0', '-o', 'APT::Status-Fd=3']

function osRelease() {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
}

/** @param output of dpkg-query with `queryFormat`. @returns the names in `wanted` that are not installed. */
export function missingPackages(wanted, output) {
  const installed = new Set()
  for (const line of output.split('\n')) {
    const [name, status] = line.split(' ')
    if (status === 'installed') installed.add(name)
  }
  return wanted.filter((name) => !installed.has(name))
}

export const queryFormat = '${Package} ${db:Status-Status}\n'

/** The command for users to run if the setup cannot install the packages. @param as 'root', 'sudo' or 'su'. */
export function commandFor(missing, as) {
  const command = (sudo) =>
    `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${missing.join(' ')}`
  return { root: command(''), sudo: command('sudo '), su: `su -c '${command('')}'` }[as]
}

/** The errors of apt and dpkg, which may be far above the end, and then the last lines. */
export function aptFailure(lines) {
  const errors = lines.filter((line) => /^(E|W|Err|dpkg|.*: error|pmerror)\b.*:|failed/i.test(line)).slice(0, 15)
  return [...errors, ...lines.slice(-10).filter((line) => !errors.includes(line))].join('\n')
}

/**
 * Parses one line of APT::Status-Fd.
 *
 * @returns the text and the progress of the whole installation, 0 to 1, where the download is the first half. null if
 *   the line is something else.
 */
export function aptProgress(line) {
  const match = /^(dlstatus|pmstatus):([^:]*):(?:[^:]*:)??(\d+(?:\.\d+)?):(.*)$/.exec(line)
  if (match === null) return null
  const [, kind, , percent, text] = match
  const fraction = Number(percent) / 200
  if (kind === 'pmstatus') return { text, fraction: 0.5 + fraction }
  // apt then reads the questions of all packages, which it does not report.
  return { text: fraction < 0.5 ? 'downloading' : 'downloaded, preparing the installation', fraction }
}

async function query(wanted) {
  // It exits with 1 if it does not know a name; its output is right all the same.
  const { stdout } = await run('dpkg-query', ['-W', `-f=${queryFormat}`, ...wanted], {
    env: { ...process.env, LC_ALL: 'C' },
  })
  return missingPackages(wanted, stdout)
}

/** @returns the words that go before a command to run it as root; null if that is not possible. */
async function rootPrefix(step) {
  if (process.getuid() === 0) return []
  if (which('sudo') === null) return null
  if ((await run('sudo', ['-n', 'true'])).code === 0) return ['sudo', '-n']
  if (!process.stdin.isTTY) return null
  step.note('installing packages needs root, so sudo asks for your password.')
  return (await run('sudo', ['-v'], { terminal: true })).code === 0 ? ['sudo'] : null
}

/** @throws {SetupError} if it cannot install missing packages; the message has the command that does. */
export async function debianPackages({ step, forTests }) {
  if (which('dpkg-query') === null || which('apt-get') === null) return otherSystem({ step, forTests })
  const wanted = forTests ? [...packages, ...testPackages] : packages
  const missing = await query(wanted)
  if (missing.length === 0) return
  const prefix = await rootPrefix(step)
  if (prefix === null) {
    // GStreamer may have been built from source, without a package.
    if (await otherSystem({ step, forTests, onlyLook: true })) return
    throw new SetupError(
      `${missing.length} Debian packages are missing, and installing them needs root. Install them, then run this command again:\n\n` +
        `  ${commandFor(missing, which('sudo') === null ? 'su' : 'sudo')}\n`,
    )
  }
  await install(step, prefix, missing)
  const still = await query(wanted)
  if (still.length > 0)
    throw new SetupError(
      `apt-get reported success, but these packages are not installed: ${still.join(', ')}.\nTo see why, run:\n\n` +
        `  ${commandFor(still, prefix.length > 0 ? 'sudo' : 'root')}\n`,
    )
  step.done(`installed ${missing.length} packages`)
}

async function install(step, prefix, missing) {
  const names = missing.length > 2 ? `${missing[0]}, ...` : missing.join(', ')
  const title = `installing ${missing.length} (${names})`
  const aptGet = (args, onLine) => {
    // apt writes its progress to fd 3, a copy of stdout. The copy is made after sudo, which closes other descriptors.
    // It is not stdout itself, because apt closes the progress descriptor for the packages' scripts, which need stdout.
    const shell = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'sh', '-c', 'exec apt-get "$@" 3>&1', 'sh']
    const [command, ...rest] = [...prefix, ...shell, ...apt, ...args]
    return run(command, rest, { onLine, finish: true, terminal: prefix.length === 1 })
  }
  step.update('reading the package lists')
  const update = await updateLists(step, aptGet)
  let shown = ''
  const lines = []
  const result = await aptGet(['install', '-y', '--no-install-recommends', ...missing], (line) => {
    const progress = aptProgress(line)
    if (progress === null) return lines.push(line) > 0
    if (progress.text !== shown) shown = progress.text
    step.update(`${title}, ${shown.slice(0, 50)}`, progress.fraction)
    return true
  })
  if (result.code === 0) return
  step.pause()
  throw new SetupError(
    `apt-get could not install ${missing.join(' ')}.\n` +
      (update.length === 0
        ? ''
        : `It could not update the package lists either. Check the network connection.\n${update.join('\n')}\n`) +
      `${aptFailure(lines)}\n\nFix the errors above and run this command again, or install the packages yourself:\n\n` +
      `  ${commandFor(missing, prefix.length > 0 ? 'sudo' : 'root')}\n`,
  )
}

/**
 * Updates the package lists. A failure, such as a dead third-party source, does not end the setup: the packages may
 * still install.
 *
 * @returns apt's errors. apt-get exits with 0 even if it cannot reach a server.
 */
async function updateLists(step, aptGet) {
  const until = Date.now() + LOCK_WAIT_S * 1000
  for (;;) {
    const problems = []
    const { code, tail } = await aptGet(['update'], (line) => {
      if (/^(E|W|Err):/.test(line)) problems.push(line)
      return aptProgress(line) !== null
    })
    // DPkg::Lock::Timeout does not cover the lock of the lists, which many machines hold right after boot.
    const locked = code !== 0 && /Could not get lock/.test(tail)
    if (!locked || Date.now() > until) return problems
    step.update('waiting for another apt process to finish')
    await sleep(LOCK_POLL_MS)
  }
}
