// Setup step for tests: promtool, which tries the alert rules. Takes it out of Debian's package `prometheus`, which is not
// installed, since that would start a server.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cachedPromtool } from '../../dist/test/helpers/promtool.js'
import { removeAtEnd, run, which } from './run.mjs'

/** Without it, the tests that need it are skipped; so a failure is only reported. */
export async function promtool({ step, env = process.env }) {
  const target = cachedPromtool(env)
  if (which('promtool', env.PATH) !== null || existsSync(target)) return
  if (which('apt-get', env.PATH) === null || which('dpkg-deb', env.PATH) === null) return
  step.update("downloading Debian's prometheus")
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
  // As root, apt warns that its own user cannot write there.
  const download = await run('apt-get', ['download', '-q', 'prometheus'], { cwd: folder, env: { ...env, LC_ALL: 'C' } })
  const file = readdirSync(folder).find((name) => name.endsWith('.deb'))
  if (file === undefined) return download.tail.split('\n').at(-1)
  const { code, tail } = await run('dpkg-deb', ['-x', join(folder, file), folder])
  if (code !== 0) return tail
  return existsSync(join(folder, 'usr/bin/promtool')) ? null : `${file} has no usr/bin/promtool`
}
