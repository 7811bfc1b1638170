// Setup step: builds the page at / and copies the viewer of the API reference at /docs, both into dist/page.

import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from './run.mjs'
import { filesBelow, hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const folder = join(root, 'dist/page')
const stampFile = join(folder, '.framegate-stamp.json')

const version = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version

/** Swagger UI and its licenses. src/http/docs-routes.ts serves them. */
const viewerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE']

/** Sources of the page and of the component it shares with the React package, without built or installed files. */
function sources() {
  return filesBelow(join(root, 'clients/react'), (name) => /\.(tsx?|css|svg|html|json)$/.test(name)).filter(
    (path) => !/\/(node_modules|dist)\//.test(path),
  )
}

/** @throws {SetupError} with Vite's output. */
export async function page({ step }) {
  const hash = hashOf(
    [join(root, 'package-lock.json'), ...sources()],
    version('vite'),
    version('swagger-ui-dist'),
    ...viewerFiles,
  )
  if (readStamp(stampFile).hash === hash && existsSync(join(folder, 'index.html'))) return

  step.update('building')
  const vite = [
    join(root, 'node_modules/vite/bin/vite.js'),
    'build',
    '--config',
    join(root, 'clients/react/page/vite.config.ts'),
    '--logLevel',
    'warn',
  ]
  await must('Could not build the page:', process.execPath, vite, { cwd: root })
  mkdirSync(join(folder, 'docs'), { recursive: true })
  for (const name of viewerFiles)
    copyFileSync(join(root, 'node_modules/swagger-ui-dist', name), join(folder, 'docs', name))
  writeStamp(stampFile, { hash })
  step.done('built')
}
