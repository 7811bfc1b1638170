// Runs the C++ tests through ctest and counts them from its JUnit file.

import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeAtEnd, run } from '../setup/run.mjs'
import { root } from '../setup/stamp.mjs'
import { nativeName } from './choose.mjs'
import { attribute, testCases, text } from './junit.mjs'

const JOBS = 2

/** @param paths of sources, "test/native/x_test.cc". */
export async function runCtest(paths, report) {
  if (paths.length === 0) return
  const folder = mkdtempSync(join(tmpdir(), 'framegate-ctest-'))
  const remove = removeAtEnd(folder)
  const file = join(folder, 'junit.xml')
  const names = paths.map(nativeName)
  const args = [
    '--test-dir',
    join(root, 'build'),
    '-R',
    `^(${names.join('|')})(\\..*)?$`,
    '-j',
    String(JOBS),
    '--output-junit',
    file,
    '--no-tests=error',
  ]
  const { code, tail } = await run('ctest', args, { cwd: root })
  let xml = ''
  try {
    xml = readFileSync(file, 'utf8')
  } catch {
    // ctest failed before it wrote the file. Its output is reported below.
  }
  await remove()
  const cases = testCases(xml)
  let failed = 0
  for (const { open, body } of cases) {
    const status = attribute(open, 'status')
    const counts = {
      passed: Number(status === 'run'),
      failed: Number(status === 'fail'),
      skipped: Number(status !== 'run' && status !== 'fail'),
    }
    failed += counts.failed
    report.file(sourceOf(attribute(open, 'name')), counts, Number(attribute(open, 'time')) * 1000, text(body))
  }
  const seen = new Set(cases.map(({ open }) => attribute(open, 'name')))
  for (const name of names) if (!seen.has(name)) report.problem(`test/native/${name}.cc did not run`)
  if (code !== 0 && failed === 0) report.problem(`ctest exited with status ${code}:\n${tail}`)
}

/** "x_test.tsan" is x_test.cc, built with another sanitizer. */
function sourceOf(name) {
  const [test, way] = name.split('.')
  return `test/native/${test}.cc${way === undefined ? '' : ` (${way})`}`
}
