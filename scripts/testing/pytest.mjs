// Runs the Python tests through pytest and counts them from its JUnit file.

import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { python } from '../setup/python-venv.mjs'
import { removeAtEnd, run } from '../setup/run.mjs'
import { root } from '../setup/stamp.mjs'
import { inJobs } from './jobs.mjs'
import { testCases } from './junit.mjs'

// The tests mostly wait for cameras.
const JOBS = 2
// pytest's exit status if it finds no tests, as in a helper whose name begins with test_.
const NOTHING_COLLECTED = 5

/** Runs one pytest per file, so that each file is reported when it ends. @param paths of test files. */
export async function runPytest(paths, report, { jobs = JOBS } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-pytest-'))
  const remove = removeAtEnd(folder)
  await inJobs(jobs, paths.entries(), ([i, path], job) => runFile(path, join(folder, `${i}.xml`), job, report))
  await remove()
}

async function runFile(path, file, job, report) {
  const startedAt = Date.now()
  const lines = []
  const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${file}`, path]
  // Files that run at once use different ports (test/python/harness.py).
  const env = { ...process.env, FRAMEGATE_TEST_JOB: String(job) }
  const { code } = await run(python, args, { cwd: root, env, onLine: (line) => lines.push(line) > 0 })
  if (code === NOTHING_COLLECTED) return
  const counts = { passed: 0, failed: 0, skipped: 0 }
  try {
    for (const { body } of testCases(readFileSync(file, 'utf8'))) {
      counts[/<(failure|error)[\s>]/.test(body) ? 'failed' : /<skipped[\s>]/.test(body) ? 'skipped' : 'passed'] += 1
    }
  } catch {
    // pytest failed before it wrote the file.
  }
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  report.file(path, counts, Date.now() - startedAt, lines.join('\n'))
}
