// TypeScript apps can use the component both ways: as a copied file, and as the package of `npm pack ./clients/react`.

import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
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

/** Those of Vite's template react-ts. */
const VITE =
  `--target es2023 --module esnext --moduleResolution bundler --jsx react-jsx --noEmit --strict --skipLibCheck
  --allowImportingTsExtensions --verbatimModuleSyntax --moduleDetection force --noUnusedLocals --noUnusedParameters
  --erasableSyntaxOnly --noFallthroughCasesInSwitch --noUncheckedSideEffectImports --types react`.split(/\s+/)

/** @returns the compiler's errors. */
function compile(folder: string, options: string[], file: string): string {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  return spawnSync(process.execPath, [tsc, ...options, file], { cwd: folder, encoding: 'utf8' }).stdout
}

function linkPackages(modules: string): void {
  mkdirSync(modules, { recursive: true })
  for (const name of ['react', '@types', 'hls.js', 'csstype'])
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
}

t.test('the copied file compiles with the options of a new Vite app', async (t) => {
  const folder = temporaryFolder(t)
  linkPackages(join(folder, 'node_modules'))
  copyFileSync(join(ROOT, 'clients/react/ReactWhepSample.tsx'), join(folder, 'ReactWhepSample.tsx'))
  t.equal(compile(folder, VITE, 'ReactWhepSample.tsx'), '')
})

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
  linkPackages(modules)
  writeFileSync(join(folder, 'app.tsx'), APP)
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
  t.equal(compile(folder, options, 'app.tsx'), '', 'compiles in an app')
})
