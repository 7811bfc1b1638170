// Setup step for tests: promtool, which tries the alert rules. Takes it out of Debian's package without installing that,
// since `prometheus` would start a server.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cachedPromtool } from '../../dist/test/helpers/promtool.js'
import { removeAtEnd, run, which } from './run.mjs'

/** Where it is: in Debian 13 and newer, and before. */
const PACKAGES = ['promtool', 'prometheus']

const LIMIT_MS = 180000
const APT_GET = ['download', '-q', '-o', 'Acquire::http::Timeout=15', '-o', 'Acquire::https::Timeout=15']

/** Without it, the tests that need it are skipped; so a failure is only reported. */
export async function promtool({ step, env = process.env }) {
  const target = cachedPromtool(env)
  if (which('promtool', env.PATH) !== null || existsSync(target)) return
  if (which('apt-get', env.PATH) === null || which('dpkg-deb', env.PATH) === null) return
  step.update('downloading')
  const folder = mkdtempSync(join(tmpdir(), 'framegate-promtool-'))
  const remove = removeAtEnd(folder)
  try {
    const problem = await unpacked(folder, env)
    if (problem !== null) return step.note(`promtool could not be downloaded, so its tests are skipped: ${problem}`)
    mkdirSync(dirname(target), { recursive: true })
    const beside = `${target}.${process.pid}`
    try {
      copyFileSync(join(folder, 'usr/bin/promtool'), beside)
      renameSync(beside, target)
    } finally {
      rmSync(beside, { force: true })
    }
    step.done('downloaded')
  } finally {
    await remove()
  }
}

/** @returns why it is not in the folder; null if it is. */
async function unpacked(folder, env) {
  let problem = ''
  for (const name of PACKAGES) {
    const options = { cwd: folder, env: { ...env, LC_ALL: 'C' }, limitMs: LIMIT_MS }
    const { tail } = await run('apt-get', [...APT_GET, name], options)
    const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}_`))
    problem = tail.split('\n').at(-1)
    if (file === undefined) continue
    const { code, tail: reason } = await run('dpkg-deb', ['-x', join(folder, file), folder])
    if (code !== 0) return reason
    if (existsSync(join(folder, 'usr/bin/promtool'))) return null
    problem = `${file} has no usr/bin/promtool`
  }
  return problem
}
