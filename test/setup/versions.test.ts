// The packages that are published separately have the version of package.json.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../helpers/paths.js'

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')
const versionIn = (name: string) => (JSON.parse(read(name)) as { version: string }).version

t.test('the React and Python packages have the version of package.json', async (t) => {
  const version = versionIn('package.json')
  t.equal(versionIn('clients/react/package.json'), version)
  t.equal(/^__version__ = "(.*)"$/m.exec(read('clients/python/framegate/__init__.py'))?.[1], version)
})
