// Which npm the setup calls.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '../helpers/paths.js'

const { npmCommand } = await import(new URL('../../../scripts/setup/npm-packages.mjs', import.meta.url).href)

t.test('calls the npm that runs the setup, but no other package manager', async (t) => {
  const npm = join(temporaryFolder(t), 'npm-cli.js')
  writeFileSync(npm, '')
  t.same(npmCommand({ npm_execpath: npm }), [process.execPath, npm])
  t.same(npmCommand({ npm_execpath: '/usr/lib/pnpm.cjs' }), ['npm'])
  t.same(npmCommand({}), ['npm'])
})
