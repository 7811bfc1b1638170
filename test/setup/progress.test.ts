// The progress that a setup step shows.

import t from 'tap'
import { pause, until } from '../helpers/wait.js'

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

t.test('a step whose work is silent goes on to say what it does, also after a change that came too soon', async (t) => {
  const written: string[] = []
  const out = { isTTY: false, write: (line: string) => written.push(line) }
  const step = new Step(1, 5, 'x', { out, everyMs: 20 })
  step.update('reading the package lists')
  step.update('installing', 0.25)
  await until('two lines', () => written.filter((line) => line.includes('installing')).length > 1)
  t.equal(written[0], '[1/5] x: reading the package lists\n')
  t.match(written.at(-1), /^\[1\/5\] x: installing 25 % \(for 0\.\d s\)\n$/)
  step.pause()
  const shown = written.length
  await pause(60)
  t.equal(written.length, shown, 'nothing more after its end')
})

t.test('the percentage of a step never falls, also when it begins with other work', async (t) => {
  const written: string[] = []
  const step = new Step(1, 5, 'x', { out: { isTTY: true, write: (line: string) => written.push(line) } })
  for (const fraction of [0.1, 0.5, 0.3, null]) step.update('downloading', fraction)
  step.note('the download failed. Building from source instead.')
  for (const fraction of [null, 0, 0.5, 1]) step.update('building', fraction)
  step.done()
  const percentages = [...written.join('').matchAll(/(\d+) %/g)].map(([, percent]) => Number(percent))
  t.same(percentages, [10, 50, 50, 50, 50, 50, 75, 100])
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
