// Which tests the command line chooses.

import t from 'tap'

const { choose } = await import(new URL('../../../scripts/testing/choose.mjs', import.meta.url).href)

t.test('the arguments of npm test choose test files', async (t) => {
  const all = {
    tap: ['test/http/a.test.ts', 'test/unit/b.test.ts'],
    native: ['test/native/gate_test.cc'],
    python: ['test/python/test_c.py'],
  }
  t.same(choose(all, []), { chosen: all, unknown: [] })
  t.same(choose(all, ['gate_test']).chosen, { tap: [], native: all.native, python: [] })
  t.same(choose(all, ['test/http/']).chosen.tap, ['test/http/a.test.ts'])
  t.same(choose(all, ['dist/test/unit/b.test.js', './test/python']).chosen, {
    tap: ['test/unit/b.test.ts'],
    native: [],
    python: all.python,
  })
  t.same(choose(all, ['nothing']).unknown, ['nothing'])
})
