// Reports each test file when it ends, with the whole output of those that failed, and adds up the counts.

import { duration } from '../setup/progress.mjs'

export class Report {
  #total = { passed: 0, failed: 0, skipped: 0 }

  /** @param counts {passed, failed, skipped}. @param output is shown if a test failed. */
  file(name, counts, ms, output) {
    for (const key of Object.keys(this.#total)) this.#total[key] += counts[key]
    const parts = [`${counts.passed} passed`]
    if (counts.failed > 0) parts.push(`${counts.failed} failed`)
    if (counts.skipped > 0) parts.push(`${counts.skipped} skipped`)
    const word = counts.failed > 0 ? 'FAILED' : 'ok'
    process.stdout.write(`${word.padEnd(6)} ${duration(ms).padStart(12)}  ${name} (${parts.join(', ')})\n`)
    if (counts.failed > 0) process.stdout.write(`${output.trimEnd()}\n----- end of ${name}\n`)
  }

  /** Reports a failure outside of any test. */
  problem(text) {
    this.#total.failed += 1
    process.stdout.write(`FAILED ${text}\n`)
  }

  get ok() {
    return this.#total.failed === 0 && this.#total.passed > 0
  }

  get ran() {
    return this.#total.passed + this.#total.failed > 0
  }

  /** The last line of the run. */
  summary() {
    const { passed, failed, skipped } = this.#total
    return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  }
}
