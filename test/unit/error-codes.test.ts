// One list of error codes: every code that appears in the project is in it; every code in it is used and documented.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CAMERA_ERRORS, HTTP_ERRORS, httpStatusOf, PYTHON_ERRORS, START_ERRORS } from '../../src/error-codes.js'
import { ROOT } from '../helpers/paths.js'

const GATEWAY_ERRORS = { ...HTTP_ERRORS, ...CAMERA_ERRORS, ...START_ERRORS }
const KNOWN = Object.keys({ ...GATEWAY_ERRORS, ...PYTHON_ERRORS })

/** Below each path, files whose names match; tests, packages and build output left out. */
function files(paths: string[], name: RegExp): string[] {
  return paths.flatMap((path) =>
    readdirSync(join(ROOT, path), { withFileTypes: true }).flatMap((entry) => {
      const below = join(path, entry.name)
      if (entry.isDirectory())
        return /^(node_modules|dist|build|tests|\..*)$/.test(entry.name) ? [] : files([below], name)
      return name.test(entry.name) ? [below] : []
    }),
  )
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
/** Whole codes; `ERR_SOURCE_...` in a comment is none. */
const codesIn = (text: string) =>
  [...text.matchAll(/\bERR_[A-Z0-9_]+/g)].map(([code]) => code).filter((code) => !code.endsWith('_'))

const CPP = files(['native'], /\.(cc|h)$/)
const TYPESCRIPT = files(['src'], /\.ts$/).filter((path) => path !== 'src/error-codes.ts')
const PYTHON = files(['clients/python'], /\.py$/)
const PAGE = files(['clients/react'], /\.tsx?$/)
const DOCS = [...files(['docs', 'clients/react', 'clients/python'], /\.md$/), 'README.md', 'CHANGELOG.md']

t.test('every code that appears in sources and docs is in the list', async (t) => {
  for (const [what, paths, least] of [
    ['C++', CPP, 10],
    ['TypeScript', TYPESCRIPT, 20],
    ['Python', PYTHON, 5],
    ['page', PAGE, 2],
    ['docs', DOCS, 20],
  ] as const) {
    const found = new Set(paths.flatMap((path) => codesIn(read(path))))
    t.ok(found.size >= least, `${what}: ${found.size} codes found`)
    for (const code of found) t.ok(KNOWN.includes(code), `${what}: ${code}`)
  }
})

t.test('every code in the list is used by the part that reports it', async (t) => {
  const gateway = new Set([...CPP, ...TYPESCRIPT].flatMap((path) => codesIn(read(path))))
  for (const code of Object.keys(GATEWAY_ERRORS)) t.ok(gateway.has(code), code)
  const python = new Set(PYTHON.flatMap((path) => codesIn(read(path))))
  for (const code of Object.keys(PYTHON_ERRORS)) t.ok(python.has(code), code)
})

t.test('the reference has a row for every code, with its status and its sentence', async (t) => {
  const api = read('docs/http-api.md').split('\n')
  for (const [code, { status, sentence }] of Object.entries(HTTP_ERRORS)) {
    const row = `| ${status} | \`${code}\` | ${sentence} |`
    t.ok(api.includes(row), `docs/http-api.md: ${row}`)
  }
  const row = (code: string, sentence: string) => `| \`${code}\` | ${sentence} |`
  for (const [code, { sentence }] of Object.entries({ ...CAMERA_ERRORS, ...START_ERRORS }))
    t.ok(api.includes(row(code, sentence)), `docs/http-api.md: ${row(code, sentence)}`)
  const python = read('docs/python.md').split('\n')
  for (const [code, { sentence }] of Object.entries(PYTHON_ERRORS))
    t.ok(python.includes(row(code, sentence)), `docs/python.md: ${row(code, sentence)}`)
})

t.test('an error answers with the status of its code, 500 if it has none', async (t) => {
  t.equal(httpStatusOf('ERR_NAME_IN_USE'), 409)
  t.equal(httpStatusOf('ERR_SOURCE_READ'), 500)
})
