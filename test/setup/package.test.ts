// The content of the published package.

import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT, temporaryFolder } from '../helpers/paths.js'

t.test('the package contains the gateway, its sources and both clients, but no tests', async (t) => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [{ files }] = JSON.parse(output) as [{ files: { path: string }[] }]
  const paths = new Set(files.map(({ path }) => path))
  for (const path of [
    'bin/install.cjs',
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

t.test('npm builds nothing where there is a prebuilt addon, and says what a build needs', async (t) => {
  const { install } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts
  t.equal(install, 'node -r ./bin/require-node.cjs bin/install.cjs')
  const folder = temporaryFolder(t)
  for (const path of ['bin', 'dist/src', 'package.json'])
    cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'node-gyp-build'), { recursive: true })
  writeFileSync(join(modules, 'node-gyp-build/bin.js'), 'console.log("building"); process.exitCode = 1')
  const run = (env: Record<string, string> = {}) =>
    spawnSync(process.execPath, ['bin/install.cjs'], { cwd: folder, env, encoding: 'utf8' })
  const failed = run()
  t.equal(failed.status, 1)
  t.match(failed.stdout, /building/)
  t.match(failed.stderr, /could not be built; run "sudo apt-get install build-essential /)
  mkdirSync(join(folder, `prebuilds/${process.platform}-${process.arch}`), { recursive: true })
  const { status, stdout, stderr } = run()
  t.strictSame({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' })
  t.match(run({ npm_config_build_from_source: 'true' }).stdout, /building/)
})
