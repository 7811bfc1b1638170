// The setup's lock between processes: one at a time holds it, and the kernel releases it when its owner is killed.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { temporaryFolder } from '../helpers/paths.js'

const module = new URL('../../../scripts/setup/lock.mjs', import.meta.url).href
const { withLock } = (await import(module)) as {
  withLock: <T>(file: string, onWait: (pid: number) => void, work: () => Promise<T>, againMs?: number) => Promise<T>
}
const script = `
  import { once } from 'node:events'
  import { withLock } from ${JSON.stringify(module)}
  await withLock(process.argv[1], (pid) => console.log('waits for ' + pid), async () => {
    console.log('has it')
    await once(process.stdin.resume(), 'end')
    console.log('ends')
  }, 500)
  console.log('freed it')`

interface Test {
  teardown(run: () => void): void
}

/** Another setup, which keeps the lock until its stdin ends. */
function contender(t: Test, file: string) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => (await lines.next()).value as string | undefined
  const afterWaiting = async () => {
    for (;;) {
      const line = await next()
      if (!line?.startsWith('waits')) return line
    }
  }
  return { pid: child.pid, next, afterWaiting, finish: () => child.stdin.end(), kill: () => child.kill('SIGKILL') }
}

t.test('a second setup waits, reports for which process, and continues when that ends', async (t) => {
  const file = join(temporaryFolder(t), 'x.lock')
  const first = contender(t, file)
  t.equal(await first.next(), 'has it')
  const second = contender(t, file)
  for (const time of ['first', 'second']) t.equal(await second.next(), `waits for ${first.pid}`, time)
  first.finish()
  t.equal(await first.next(), 'ends')
  t.equal(await first.next(), 'freed it')
  t.equal(await second.afterWaiting(), 'has it')
  second.finish()
})

t.test('a killed owner releases the lock', async (t) => {
  const file = join(temporaryFolder(t), 'x.lock')
  const first = contender(t, file)
  t.equal(await first.next(), 'has it')
  const second = contender(t, file)
  t.equal(await second.next(), `waits for ${first.pid}`)
  first.kill()
  t.equal(await second.afterWaiting(), 'has it')
  second.finish()
})

t.test('the lock also works within one process, and failed work releases it', async (t) => {
  const file = join(temporaryFolder(t), 'folder', 'x.lock')
  const order: string[] = []
  const work = (name: string) =>
    withLock(
      file,
      () => undefined,
      async () => {
        order.push(`${name} begins`)
        await new Promise((resolve) => setTimeout(resolve, 50))
        order.push(`${name} ends`)
      },
    )
  await Promise.all([work('a'), work('b')])
  t.equal(order.length, 4)
  t.equal(order[0]?.[0], order[1]?.[0], 'the first ends before the second begins')
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
  await work('c')
  t.same(order.slice(4), ['c begins', 'c ends'])
})

t.test('reports which file it cannot lock', async (t) => {
  const folder = temporaryFolder(t)
  const path = process.env.PATH
  t.teardown(() => (process.env.PATH = path))
  process.env.PATH = folder
  await t.rejects(
    withLock(
      join(folder, 'x.lock'),
      () => undefined,
      async () => undefined,
    ),
    { message: /Cannot lock .*x\.lock with flock: .*ENOENT/ },
  )
})
