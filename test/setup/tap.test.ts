// Counting the tests of a TAP file.

import t from 'tap'

const { countFile } = await import(new URL('../../../scripts/testing/tap.mjs', import.meta.url).href)

t.test('counts the innermost subtests of a file', async (t) => {
  const point = (ok = true, more = {}) => ({ ok, skip: false, child: null, ...more })
  const sub = (ok: boolean, points: object[]) => point(ok, { child: { points, plan: null } })
  const count = (points: object[], endedWell = true, plan: object | null = null) =>
    countFile({ points, plan }, endedWell)
  t.same(count([sub(true, [point(), point()]), point()]), { passed: 2, failed: 0, skipped: 0 })
  t.same(count([sub(false, [sub(true, [point()]), sub(false, [point(false)])])], false), {
    passed: 1,
    failed: 1,
    skipped: 0,
  })
  t.same(count([sub(false, [sub(true, [point()]), point(false)])], false), { passed: 1, failed: 1, skipped: 0 })
  t.same(count([point(true, { skip: true })]), { passed: 0, failed: 0, skipped: 1 })
  t.same(
    count([sub(true, [point()])], false),
    { passed: 1, failed: 1, skipped: 0 },
    'all passed, but the process failed',
  )
  t.same(count([]), { passed: 0, failed: 1, skipped: 0 }, 'a file without tests')
  t.same(count([], true, { skipAll: true }), { passed: 0, failed: 0, skipped: 1 })
})
