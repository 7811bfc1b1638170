// The one list of error codes: it has every code of the project, and every code in it is used, documented and says what
// the user can do about the error.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CAMERA_ERRORS, HTTP_ERRORS, httpStatusOf, PYTHON_ERRORS, START_ERRORS } from '../../src/error-codes.js'
import { ROOT } from '../helpers/paths.js'

const GATEWAY_ERRORS = { ...HTTP_ERRORS, ...CAMERA_ERRORS, ...START_ERRORS }
const KNOWN = Object.keys({ ...GATEWAY_ERRORS, ...PYTHON_ERRORS })

/** The files below each path whose names match, without tests, packages and build output. */
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

/** For each code, what the user can do about the error, or what the gateway does. */
const REMEDIES: Record<keyof typeof GATEWAY_ERRORS | keyof typeof PYTHON_ERRORS, RegExp> = {
  ERR_JSON_INVALID: /^Send an object with the fields/,
  ERR_BODY_INVALID: /send the request again/,
  ERR_FIELD_INVALID: /^See the message for .* expected value/,
  ERR_BODY_TOO_LARGE: /^Shorten /,
  ERR_NAME_IN_USE: /^Send `replace: true` .*, or choose another name/,
  ERR_OWNED_BY_FILE: /^Edit the file, then reload it/,
  ERR_CREDENTIALS_DIFFER: /send `replace: true`/,
  ERR_TOO_MANY_GUESSES: /^Retry after a minute/,
  ERR_TOO_MANY_RENDITIONS: /^Use one that the message lists/,
  ERR_TOO_MANY_CAMERAS: /^Stop one first/,
  ERR_NOT_READY: /^Send requests to another gateway, or retry/,
  ERR_CAMERA_HOST: /^If it is not in `CAMERA_HOSTS`, add it/,
  ERR_CLOSED: /^Retry /,
  ERR_CAMERA_NOT_FOUND: /^See `GET \/cameras`/,
  ERR_PIPELINED: /^Open a connection for each stream/,
  ERR_TOO_MANY_READERS: /^Retry after/,
  ERR_FRAME_UNAVAILABLE: /retry after `Retry-After`/,
  ERR_UNAUTHORIZED: /^Send `Authorization: Bearer TOKEN`/,
  ERR_FORBIDDEN: /^Use an admin token/,
  ERR_HOST_REFUSED: /add the name to `ALLOWED_HOSTS`/,
  ERR_ORIGIN_REFUSED: /^Add its origin to `CORS_ORIGINS`/,
  ERR_NOT_FOUND: /^See `\/openapi\.json`/,
  ERR_METHOD_NOT_ALLOWED: /^See `\/openapi\.json`/,
  ERR_INTERNAL: /^See the log .* report it/,
  ERR_SOURCE_UNREACHABLE: /^Check power, network and port/,
  ERR_SOURCE_UNKNOWN_HOST: /^Check the spelling/,
  ERR_SOURCE_TIMEOUT: /^Check power, network and port/,
  ERR_SOURCE_UNAUTHORIZED: /^Start it again with the right ones/,
  ERR_SOURCE_NOT_FOUND: /^Check the path/,
  ERR_SOURCE_BUSY: /^Stop its other clients, or restart/,
  ERR_SOURCE_TRANSPORT: /set `rtsp_transport` to the other one/,
  ERR_SOURCE_NO_VIDEO: /^Choose another path/,
  ERR_CODEC_UNSUPPORTED: /^Choose H.264/,
  ERR_SOURCE_CLOSED: /^The gateway reconnects/,
  ERR_SOURCE_SILENT: /the gateway reconnects/,
  ERR_SOURCE_READ: /check address and port/,
  ERR_SOURCE_STREAM: /^The gateway reconnects/,
  ERR_SOURCE_TLS: /^Check that the port speaks RTSPS/,
  ERR_SOURCE_LATE: /lower the bit rate/,
  ERR_NO_KEY_FRAME: /Shorten the key frame interval/,
  ERR_DECODE: /^The gateway reconnects/,
  ERR_NOT_SHOWN: /^The gateway reconnects/,
  ERR_ENCODE: /^The gateway reconnects/,
  ERR_PIPELINE: /^The gateway reconnects; see the log/,
  ERR_SET_ASIDE: /^Start the camera with `retry: true`/,
  ERR_PIPELINE_BUILD: /^Do what the message says/,
  ERR_MEDIAMTX_DOWN: /^See `GET \/health`/,
  ERR_MEDIAMTX_API: /^Check `MEDIAMTX_API`/,
  ERR_CONFIG_INVALID: /^See the message for .* expected value/,
  ERR_ADDON_LOAD: /^Do what the message says/,
  ERR_BIND: /Change the setting/,
  ERR_MEDIAMTX_START: /^See the message for the reason/,
  ERR_MEDIAMTX_OLD: /^Install the version that the message names/,
  ERR_DEMO: /^Run `npm run setup`/,
  ERR_GATEWAY_UNREACHABLE: /^Check `GATEWAY_BASE`/,
  ERR_GATEWAY: /^Check `GATEWAY_BASE`/,
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
/** Complete codes only, not `ERR_SOURCE_...` in a comment. */
const codesIn = (text: string) =>
  [...text.matchAll(/\bERR_[A-Z0-9_]+/g)].map(([code]) => code).filter((code) => !code.endsWith('_'))

const CPP = files(['native'], /\.(cc|h)$/)
const TYPESCRIPT = files(['src'], /\.ts$/).filter((path) => !path.startsWith('src/error-codes'))
const PYTHON = files(['clients/python'], /\.py$/)
const PAGE = files(['clients/react'], /\.tsx?$/)
const DOCS = [...files(['docs', 'clients/react', 'clients/python'], /\.md$/), 'README.md', 'CHANGELOG.md']

t.test('every code in the sources and docs is in the list', async (t) => {
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

t.test('the sentence of every code says what the user can do, or what the gateway does', async (t) => {
  for (const [code, { sentence }] of Object.entries({ ...GATEWAY_ERRORS, ...PYTHON_ERRORS })) {
    const [meaning = '', ...rest] = sentence.split(/(?<=\.) (?=[A-Z])/)
    t.match(meaning, /^[A-Z0-9].*\.$/, `${code} has a meaning`)
    t.match(rest.join(' '), REMEDIES[code as keyof typeof REMEDIES] ?? /^an entry in REMEDIES$/, code)
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

t.test('an error has the HTTP status of its code, or 500 if the code has none', async (t) => {
  t.equal(httpStatusOf('ERR_NAME_IN_USE'), 409)
  t.equal(httpStatusOf('ERR_SOURCE_READ'), 500)
})
