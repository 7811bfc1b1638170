// Runs the Python tests through pytest and counts them from its JUnit file.

import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { python } from '../setup/python-venv.mjs'
import { removeAtEnd, run } from '../setup/run.mjs'
import { root } from '../setup/stamp.mjs'
import { testCases } from './junit.mjs'

// pytest's own word for "nothing was collected": a helper whose name begins with test_.
const NOTHING_COLLECTED = 5

/** One pytest for each file, so that a file is shown when it ends. @param paths of test files. */
export async function runPytest(paths, report) {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-pytest-'))
  const remove = removeAtEnd(folder)
  for (const [i, path] of paths.entries()) await runFile(path, join(folder, `${i}.xml`), report)
  remove()
}

async function runFile(path, file, report) {
  const startedAt = Date.now()
  const lines = []
  const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${file}`, path]
  const { code } = await run(python, args, { cwd: root, onLine: (line) => lines.push(line) > 0 })
  if (code === NOTHING_COLLECTED) return
  const counts = { passed: 0, failed: 0, skipped: 0 }
  try {
    for (const { body } of testCases(readFileSync(file, 'utf8'))) {
      counts[/<(failure|error)[\s>]/.test(body) ? 'failed' : /<skipped[\s>]/.test(body) ? 'skipped' : 'passed'] += 1
    }
  } catch {
    // pytest did not come so far.
  }
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  report.file(path, counts, Date.now() - startedAt, lines.join('\n'))
}
