// Runs clang-tidy on the C++ sources in parallel. A source that passed is checked again only if it, a header that it
// includes, its compile command or the configuration changes.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { inJobs } from '../testing/jobs.mjs'
import { configure } from '../setup/native.mjs'
import { python } from '../setup/python-venv.mjs'
import { run } from '../setup/run.mjs'
import { filesBelow, hashOf, readStamp, root, writeStamp } from '../setup/stamp.mjs'

const compileCommands = join(root, 'build/compile_commands.json')
const passedFile = join(root, 'build/.clang-tidy.json')
// The requirements pin its version.
const settings = ['.clang-tidy', 'test/python/requirements.txt'].map((name) => join(root, name))

/** A source and the project's headers that it includes, directly or indirectly. */
function withHeaders(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return seen
  seen.add(file)
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/^#include "([^"]+)"/gm))
    for (const folder of [dirname(file), join(root, 'native')]) withHeaders(join(folder, name), seen)
  return seen
}

function readCommands() {
  const commands = new Map()
  if (!existsSync(compileCommands)) return commands
  // A source that is compiled in several ways is checked in the first one.
  for (const { file, command } of JSON.parse(readFileSync(compileCommands, 'utf8')))
    if (!commands.has(file)) commands.set(file, command)
  return commands
}

/**
 * @param folders whose sources are judged.
 * @returns {Promise<{ok: boolean, output: string}>}
 */
export async function clangTidy(folders) {
  const sources = folders.flatMap((folder) => filesBelow(join(root, folder), (name) => name.endsWith('.cc')))
  let commands = readCommands()
  if (!sources.every((file) => commands.has(file))) {
    await configure()
    commands = readCommands()
  }
  // With the build's own list clang-tidy would judge a source in each of the ways in which it is compiled.
  const folder = join(root, 'build/clang-tidy')
  mkdirSync(folder, { recursive: true })
  const list = [...commands].map(([file, command]) => ({ directory: join(root, 'build'), file, command }))
  writeFileSync(join(folder, 'compile_commands.json'), JSON.stringify(list))
  const before = readStamp(passedFile)
  // Written after each source, so that the next run continues one that was interrupted.
  const passed = Object.fromEntries(Object.entries(before).filter(([name]) => existsSync(join(root, name))))
  const findings = []
  await inJobs(availableParallelism(), sources, async (file) => {
    const name = relative(root, file)
    const hash = hashOf([...settings, ...withHeaders(file)], commands.get(file) ?? '')
    if (before[name] !== hash) {
      const lines = []
      const args = ['-p', folder, '--quiet', '--warnings-as-errors=*', file]
      const { code, missing } = await run(join(dirname(python), 'clang-tidy'), args, {
        cwd: root,
        onLine: (line) => lines.push(line) > 0,
      })
      if (missing) lines.push('clang-tidy is not installed. Run: npm run setup -- --tests')
      if (code !== 0) {
        delete passed[name]
        findings.push(`${name}:\n${lines.filter((line) => !/^\d+ warnings?/.test(line)).join('\n')}`)
        return
      }
    }
    passed[name] = hash
    writeStamp(passedFile, passed)
  })
  return { ok: findings.length === 0, output: findings.join('\n') }
}
