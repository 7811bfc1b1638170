// The setup step that builds the C++ code: its progress and its stamp.

import t from 'tap'

const { buildProgress, isCurrent, stampAfter, taskOf } = await import(
  new URL('../../../scripts/setup/native.mjs', import.meta.url).href
)

t.test('reads the progress of make and ninja', async (t) => {
  t.equal(buildProgress('[ 45%] Building CXX object a.o'), 0.45)
  t.equal(buildProgress('[10/40] Building CXX object a.o'), 0.25)
  t.equal(buildProgress('a.cc:1: error'), null)
  for (const folder of ['CMakeFiles/', '']) {
    t.equal(
      taskOf(`[ 3%] Building CXX object ${folder}core.dir/native/core/gate.cc.o`),
      'compiling native/core/gate.cc',
    )
  }
  t.equal(taskOf('[100%] Linking CXX shared library x'), 'Linking CXX shared library x')
})

t.test('a build without the tests does not mark the tests as built', async (t) => {
  const old = { programs: 'p1', tests: 't1' }
  const wanted = { programs: 'p2', tests: 't2' }
  const stamp = stampAfter(old, wanted, false)
  t.ok(isCurrent(stamp, wanted, false), 'the programs are current')
  t.notOk(isCurrent(stamp, wanted, true), 'the tests are not')
  t.notOk(isCurrent(stampAfter({}, wanted, false), wanted, true), 'nor after a first build without them')
  t.ok(isCurrent(stampAfter(stamp, wanted, true), wanted, true), 'after a full build they are')
  t.ok(isCurrent(stampAfter(stamp, wanted, true), wanted, false))
  t.notOk(isCurrent(old, wanted, false), 'older programs are rebuilt')
})
