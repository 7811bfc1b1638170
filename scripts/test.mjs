// `npm test`: runs the setup, then all tests: the quality gates, C++ (ctest), TypeScript (tap) and Python (pytest).
//   npm test -- test/http gate_test    only the files whose paths contain one of these
// The last line is "N passed, N failed", followed by ", N skipped" if tests were skipped.

import { allTests, choose } from './testing/choose.mjs'
import { Report } from './testing/report.mjs'
import { runCtest } from './testing/ctest.mjs'
import { runPytest } from './testing/pytest.mjs'
import { runTap } from './testing/tap.mjs'
import { setupOrExit } from './setup.mjs'
import { watchSignals } from './setup/run.mjs'

const names = process.argv.slice(2)
// A failed setup counts as a failed test, for readers of the last line alone.
await setupOrExit({ forTests: true }, () => process.stdout.write('0 passed, 1 failed\n'))

const report = new Report()
const { chosen, unknown } = choose(allTests(), names)
for (const name of unknown) report.problem(`no test file has "${name}" in its path`)
if (unknown.length === 0) {
  watchSignals()
  // The gates run first, because they use all cores and would disturb tests that measure time.
  await runTap(chosen.quality, report)
  await runCtest(chosen.native, report)
  await runTap(chosen.tap, report)
  await runPytest(chosen.python, report)
  if (!report.ran) report.problem('no tests ran')
}
process.stdout.write(`${report.summary()}\n`)
process.exit(report.ok ? 0 : 1)
