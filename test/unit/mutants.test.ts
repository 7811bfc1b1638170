// The list of planted faults (scripts/mutants) fits the sources. `npm run mutants` plants them.

import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../helpers/paths.js'

const { mutants, problems } = await import(join(ROOT, 'scripts/mutants/list.mjs'))

t.test('every fault of the list can be planted', async (t) => {
  t.ok(mutants.length > 40)
  t.strictSame(problems(mutants, ROOT), [])
})

t.test('a fault that cannot be planted is named, with the reason', async (t) => {
  const good = {
    id: 'name',
    why: 'A reason.',
    file: 'package.json',
    text: '"name": "framegate"',
    fault: '"name": "x"',
    tests: ['test/unit/mutants.test.ts'],
  }
  const problem = (entry: object) => problems([{ ...good, ...entry }], ROOT).join()
  t.equal(problem({}), '')
  t.equal(problem({ tests: ['test/unit/mutants.test.ts::can be planted'] }), '')
  t.equal(problem({ tests: undefined, equivalent: 'Nothing depends on it.' }), '')
  t.match(problem({ text: 'not in it' }), /^name: package.json has its text 0 times/)
  t.match(problem({ text: '"' }), /has its text \d\d+ times instead of once/)
  t.match(problem({ file: 'away.json' }), 'there is no file away.json')
  t.match(problem({ fault: good.text }), 'changes nothing')
  t.match(problem({ why: '' }), '`why` is missing')
  t.match(problem({ tests: [] }), 'names no test')
  t.match(problem({ tests: ['test/away.test.ts'] }), 'there is no test file test/away.test.ts')
  t.match(problem({ tests: ['package.json::no such words'] }), 'package.json has no test "no such words"')
  t.match(problems([good, good], ROOT).join(), /another entry has the same id$/)
})
