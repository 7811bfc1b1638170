// Setup step: compiles TypeScript into dist/.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { run, SetupError } from './run.mjs'
import { filesBelow, hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const dist = join(root, 'dist')
const stampFile = join(dist, '.framegate-stamp.json')
const isTypeScript = (name) => /\.[cm]?ts$/.test(name) // .tsx is for browsers, and Vite compiles it.

// The page's files that tests import.
const pageSources = ['frame-records', 'api-types', 'form-rules'].map((name) => `clients/react/page/${name}.ts`)

function sources() {
  return [
    ...['src', 'test'].flatMap((name) => filesBelow(join(root, name), isTypeScript)),
    ...pageSources.map((name) => join(root, name)),
  ]
}

/** A source's or output's path relative to `base` without its extensions: "src/main". */
function stem(path, base) {
  return relative(base, path).replace(/(\.d)?\.[cm]?(tsx?|jsx?)(\.map)?$/, '')
}

/** Outputs whose source is gone. The old output of a deleted test would keep running. */
export function staleOutputs(sourceFiles, outputFiles, from = root, to = dist) {
  const kept = new Set(sourceFiles.map((path) => stem(path, from)))
  return outputFiles.filter((path) => !kept.has(stem(path, to)))
}

/** @throws {SetupError} with the compiler's errors. */
export async function typescript({ step, forTests }) {
  const files = sources()
  const version = JSON.parse(readFileSync(join(root, 'node_modules/typescript/package.json'), 'utf8')).version
  const hash = hashOf([join(root, 'tsconfig.json'), join(root, 'package-lock.json'), ...files], version)
  if (readStamp(stampFile).hash === hash && existsSync(join(dist, 'src/main.js'))) return

  step.update('compiling')
  const outputs = ['src', 'test'].flatMap((name) =>
    filesBelow(join(dist, name), (file) => /\.([cm]?jsx?|map|[cm]?ts)$/.test(file)),
  )
  for (const file of staleOutputs(files, outputs)) rmSync(file)
  // The incremental compiler does not notice deleted outputs.
  const whole = files.every((path) => path.endsWith('.d.ts') || existsSync(join(dist, `${stem(path, root)}.js`)))
  if (!whole) rmSync(join(dist, '.tsbuildinfo'), { force: true })
  const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.json'), '--pretty', 'false']
  const { code, stdout, tail } = await run(process.execPath, tsc, { cwd: root })
  if (code !== 0) {
    step.pause()
    const errors = stdout.split('\n').filter((line) => line.includes(': error TS'))
    // Unfinished tests must not keep the gateway from starting. The next setup compiles again.
    const onlyTests = errors.length > 0 && errors.every((line) => line.startsWith('test/'))
    if (forTests || !onlyTests) throw new SetupError(`TypeScript does not compile:\n${stdout.trim() || tail}`)
    step.note(`${errors.length} errors in the tests; the gateway compiles. To see them, run: npm run typecheck`)
    return
  }
  writeStamp(stampFile, { hash })
  step.done('compiled')
}
