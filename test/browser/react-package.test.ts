// `npm pack ./clients/react` builds a package with types that a TypeScript app can use.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT, temporaryFolder } from '../helpers/paths.js'

const APP = `
import { CameraPlayer, ReactWhepSample, type PlayerStatus } from 'framegate-react'
export const view = <ReactWhepSample cameraName="a" onState={(status: PlayerStatus) => status.reason} />
export const player = (element: HTMLElement) => new CameraPlayer(element, { cameraName: 'a', ways: ['hls'] })
// @ts-expect-error -- cameraName is required
export const nameless = <ReactWhepSample gatewayBase="http://127.0.0.1:8090" />
`

t.test('the React package', async (t) => {
  const folder = temporaryFolder(t)
  const packed = execFileSync('npm', ['pack', './clients/react', '--pack-destination', folder, '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // npm prints the build's output before the JSON.
  const [{ filename, files }] = JSON.parse(packed.slice(packed.search(/^\[/m)))
  t.same(files.map(({ path }: { path: string }) => path).sort(), [
    'ReactWhepSample.tsx',
    'dist/ReactWhepSample.d.ts',
    'dist/ReactWhepSample.js',
    'package.json',
  ])

  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'framegate-react'), { recursive: true })
  execFileSync('tar', ['-xzf', filename, '-C', join(modules, 'framegate-react'), '--strip-components=1'], {
    cwd: folder,
  })
  for (const name of ['react', '@types', 'hls.js', 'csstype'])
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  writeFileSync(join(folder, 'app.tsx'), APP)
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const options = [
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--jsx',
    'react-jsx',
    '--module',
    'preserve',
    '--types',
    'react',
  ]
  const { stdout } = spawnSync(process.execPath, [tsc, ...options, 'app.tsx'], { cwd: folder, encoding: 'utf8' })
  t.equal(stdout, '', 'compiles in an app')
})
