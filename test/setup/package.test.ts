// The content of the published package.

import { execFileSync } from 'node:child_process'
import t from 'tap'
import { ROOT } from '../helpers/paths.js'

t.test('the package contains the gateway, its sources and both clients, but no tests', async (t) => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [{ files }] = JSON.parse(output) as [{ files: { path: string }[] }]
  const paths = new Set(files.map(({ path }) => path))
  for (const path of [
    'dist/src/main.js',
    'dist/page/index.html',
    'native/build.json',
    'native/core/receiver.cc',
    'binding.gyp',
    'mediamtx.yaml',
    'clients/python/framegate/py.typed',
    'clients/python/capture.py',
    'clients/react/ReactWhepSample.tsx',
    'docs/http-api.md',
    'LICENSE',
  ])
    t.ok(paths.has(path), path)
  t.same(
    [...paths].filter((path) => /(^|\/)(tests?|__pycache__|scripts|bench)\//.test(path)),
    [],
  )
})
