// Runs the quality gates as commands. test/quality/ runs the same gates as tests.
//   npm run lint | npm run format:check | npm run typecheck    checks only
//   npm run format                                             formats the files

import { gates } from './quality/gates.mjs'
import { setupOrExit } from './setup.mjs'
import { duration } from './setup/progress.mjs'
import { watchSignals } from './setup/run.mjs'

const commands = {
  lint: { kind: 'lint' },
  format: { kind: 'format', write: true },
  'format:check': { kind: 'format' },
  typecheck: { kind: 'types' },
}

const command = commands[process.argv[2]]
if (command === undefined || process.argv.length > 3) {
  process.stderr.write(`quality: expected one of ${Object.keys(commands).join(', ')}\n`)
  process.exit(2)
}
await setupOrExit({ forTests: true, only: ['Debian packages', 'npm packages', 'Python for the tests'] })
watchSignals()
let failed = false
for (const gate of gates.filter(({ kind }) => kind === command.kind)) {
  const startedAt = Date.now()
  const { ok, output } = await (command.write ? gate.write() : gate.check())
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${duration(Date.now() - startedAt).padStart(12)}  ${gate.name}\n`)
  if (!ok) process.stdout.write(`${output}\n${command.write ? '' : `${gate.remedy}\n`}`)
  failed ||= !ok
}
process.exit(failed ? 1 : 0)
