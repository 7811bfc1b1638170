// The progress that a setup step shows.

import t from 'tap'

const { duration, Step } = await import(new URL('../../../scripts/setup/progress.mjs', import.meta.url).href)

t.test('a step writes nothing without work, and few lines without a terminal', async (t) => {
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

t.test('a step rewrites its line on a terminal and cuts it to the width', async (t) => {
  const written: string[] = []
  const out = { isTTY: true, columns: 40, write: (line: string) => written.push(line) }
  const step = new Step(1, 5, 'x', { out })
  step.update('y'.repeat(100), 0.5)
  step.update('z', 0.75)
  step.done()
  t.equal(written[0], `\r[1/5] x: ${'y'.repeat(25)} 50 %\x1b[K`, 'the percentage stays visible')
  t.match(written.join(''), /\r\[1\/5\] x: z 75 %\x1b\[K\r\[1\/5\] x: done in 0\.\d s\x1b\[K\n$/)
})

t.test('formats durations', async (t) => {
  t.same([duration(420), duration(12300), duration(80000)], ['0.4 s', '12 s', '1 min 20 s'])
})
