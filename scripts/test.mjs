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
  // The tests leave half of the processor idle. Beside them run the gates, at the lowest priority, because they need nothing
  // else, and the tests that start no gateway and mostly wait.
  const { quality, client, setup, native, tap, python } = chosen
  const aside = [client, setup, native, tap, python].some((paths) => paths.length > 0)
  const light = async () => {
    await runPytest(client, report, { jobs: 1 })
    await runTap(setup, report, { jobs: 1 })
  }
  const beside = [runTap(quality, report, aside ? { jobs: 1, aside } : {}), light()]
  await runCtest(native, report)
  await runTap(tap, report)
  await runPytest(python, report)
  await Promise.all(beside)
  if (!report.ran) report.problem('no tests ran')
}
process.stdout.write(`${report.summary()}\n`)
process.exit(report.ok ? 0 : 1)
