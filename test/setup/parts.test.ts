// Small parts of the set-up and of the test runner.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'

const from = (name: string) => import(new URL(`../../../scripts/${name}`, import.meta.url).href)
const { buildProgress, taskOf } = await from('setup/native.mjs')
const { staleOutputs } = await from('setup/typescript.mjs')
const { withLock } = await from('setup/lock.mjs')
const { bytes, duration, Step } = await from('setup/progress.mjs')
const { isOlder } = await from('setup/mediamtx-pins.mjs')
const { archiveArch, cachedBinary } = await from('setup/mediamtx.mjs')
const { npmCommand } = await from('setup/npm-packages.mjs')
const { hashOf } = await from('setup/stamp.mjs')
const { countFile } = await from('testing/tap.mjs')
const { choose } = await from('testing/choose.mjs')
const { attribute, testCases, text } = await from('testing/junit.mjs')

function folderOf(test: { teardown(work: () => unknown): unknown }) {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-setup-'))
  test.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

t.test('progress of make and of ninja', async (t) => {
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

t.test('outputs without a source are stale', async (t) => {
  const outputs = ['src/a.js', 'src/a.js.map', 'src/a.d.ts', 'test/gone.test.js', 'test/b.test.js'].map(
    (name) => `/dist/${name}`,
  )
  t.same(staleOutputs(['/r/src/a.ts', '/r/test/b.test.ts'], outputs, '/r', '/dist'), ['/dist/test/gone.test.js'])
})

t.test('versions and architectures', async (t) => {
  t.ok(isOlder('1.9.9', '1.20.1'))
  t.ok(isOlder('1.20.0', '1.20.1'))
  t.notOk(isOlder('1.20.1', '1.20.1'))
  t.notOk(isOlder('2.0.0', '1.20.1'))
  t.equal(archiveArch('x64'), 'amd64')
  t.equal(archiveArch('arm', '7'), 'armv7')
  t.equal(archiveArch('riscv64'), null)
  t.equal(cachedBinary({ HOME: '/home/x' }), '/home/x/.cache/framegate/mediamtx-v1.20.1/mediamtx')
  t.equal(cachedBinary({ HOME: '/home/x', XDG_CACHE_HOME: '/c' }), '/c/framegate/mediamtx-v1.20.1/mediamtx')
})

t.test('the npm that runs us is used, and no other program in its place', async (t) => {
  const npm = join(folderOf(t), 'npm-cli.js')
  writeFileSync(npm, '')
  t.same(npmCommand({ npm_execpath: npm }), [process.execPath, npm])
  t.same(npmCommand({ npm_execpath: '/usr/lib/pnpm.cjs' }), ['npm'])
  t.same(npmCommand({}), ['npm'])
})

t.test('a hash changes with names, contents and what is missing', async (t) => {
  const folder = folderOf(t)
  const [a, b] = [join(folder, 'a'), join(folder, 'b')]
  writeFileSync(a, 'x')
  const hashes = [hashOf([a]), hashOf([b]), hashOf([a, b]), hashOf([a], 'text')]
  writeFileSync(b, 'x')
  hashes.push(hashOf([b]), hashOf([a, b]))
  t.equal(new Set(hashes).size, hashes.length)
  t.equal(hashOf([a]), hashes[0])
})

t.test('a lock is held by one, and a dead owner does not hold it', async (t) => {
  const file = join(folderOf(t), 'x.lock')
  const order: string[] = []
  const waits: number[] = []
  const work = (name: string) => () =>
    withLock(
      file,
      (pid: number) => waits.push(pid),
      async () => {
        order.push(`${name} begins`)
        await sleep(50)
        order.push(`${name} ends`)
      },
    )
  await Promise.all([work('a')(), work('b')()])
  t.same(order, ['a begins', 'a ends', 'b begins', 'b ends'])
  t.ok(waits.every((pid) => pid === process.pid) && waits.length > 0)

  const { hostname } = await import('node:os')
  // Above the largest process id that Linux gives.
  writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }))
  await work('c')()
  writeFileSync(file, 'damaged')
  await work('d')()
  t.same(order.slice(4), ['c begins', 'c ends', 'd begins', 'd ends'])
  await t.rejects(
    withLock(
      file,
      () => undefined,
      async () => {
        throw new Error('x')
      },
    ),
    { message: 'x' },
  )
  await work('e')()
})

t.test('a step is silent without work, and sparing without a terminal', async (t) => {
  const written: string[] = []
  const out = { isTTY: false, write: (line: string) => written.push(line) }
  new Step(1, 5, 'nothing', { out }).done()
  t.same(written, [])
  const step = new Step(2, 5, 'npm packages', { out })
  step.update('npm ci', 0)
  for (let i = 0; i < 50; i++) step.update('npm ci', i / 50)
  step.done('installed 3')
  t.match(written, [/^\[2\/5\] npm packages: npm ci 0 %\n$/, /^\[2\/5\] npm packages: installed 3 in 0\.\d s\n$/])
  t.equal(written.length, 2)
})

t.test('a step rewrites its line on a terminal, and never a longer one', async (t) => {
  const written: string[] = []
  const out = { isTTY: true, columns: 40, write: (line: string) => written.push(line) }
  const step = new Step(1, 5, 'x', { out })
  step.update('y'.repeat(100), 0.5)
  step.update('z', 0.75)
  step.done()
  t.equal(written[0], `\r[1/5] x: ${'y'.repeat(25)} 50 %\x1b[K`, 'how far it is can always be seen')
  t.match(written.join(''), /\r\[1\/5\] x: z 75 %\x1b\[K\r\[1\/5\] x: done in 0\.\d s\x1b\[K\n$/)
})

t.test('sizes and times', async (t) => {
  t.same([bytes(4.24e6), bytes(812400)], ['4.2 MB', '812 kB'])
  t.same([duration(420), duration(12300), duration(80000)], ['0.4 s', '12 s', '1 min 20 s'])
})

t.test('a file counts its innermost subtests', async (t) => {
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

t.test('the command line chooses files', async (t) => {
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

t.test("JUnit's XML of ctest and pytest", async (t) => {
  const cases = testCases(
    '<testsuite><testcase name="a &lt;b&gt;" time="0.5" status="run"><system-out>1 &amp; 2</system-out></testcase>' +
      '<testcase name="c" time="1"/><testcase name="d"><failure message="a > b">no</failure></testcase></testsuite>',
  )
  t.same(
    cases.map(({ open }: { open: string }) => attribute(open, 'name')),
    ['a <b>', 'c', 'd'],
  )
  t.equal(attribute(cases[0].open, 'status'), 'run')
  t.equal(text(cases[0].body), '1 & 2')
  t.match(cases[2].body, '<failure')
})
