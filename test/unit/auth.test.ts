// Tokens, sessions and tickets.

import crypto, { scrypt } from 'node:crypto'
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Auth } from '../../src/auth/auth.js'
import { TokenFile } from '../../src/auth/token-file.js'
import { hashOf, parseTokens } from '../../src/auth/tokens.js'
import { temporaryFolder } from '../helpers/paths.js'
import { until } from '../helpers/wait.js'

const VIEWER = 'v'.repeat(32)
const ADMIN = 'a'.repeat(32)
const FILE = `viewer ${VIEWER}\nadmin ${ADMIN}\n`
const log: string[] = []
const add = (line: string) => log.push(line)
const logger = { debug: add, info: add, warn: add, error: add }

function authOf(t: Test, text = FILE, mode = 0o600) {
  const path = join(temporaryFolder(t), 'tokens')
  writeFileSync(path, text)
  chmodSync(path, mode)
  let nowMs = 1e12
  const auth = new Auth(path, logger, () => nowMs)
  t.teardown(() => auth.close())
  return { auth, path, pass: (ms: number) => (nowMs += ms) }
}

t.test('the file: roles, comments, hashes', async (t) => {
  const hashed = hashOf(ADMIN).toString('hex')
  const { tokens, hasPlain } = parseTokens(`# wall\n\n viewer\t${VIEWER} # kitchen\r\nadmin sha256:${hashed}`)
  t.match(tokens, [{ role: 'viewer' }, { role: 'admin', hash: hashOf(ADMIN) }])
  t.ok(hasPlain)
  t.notOk(parseTokens(`admin sha256:${hashed}`).hasPlain)
  for (const [text, message] of [
    ['', /at least one line/],
    ['# viewer x', /at least one line/],
    [`root ${VIEWER}`, /^line 1: expected "viewer TOKEN"/],
    [`viewer ${VIEWER} extra`, /^line 1/],
    ['\nviewer', /^line 2: expected a token of 32/],
    ['viewer short', /^line 1: expected a token of 32/],
    ['viewer sha256:abc', /^line 1: expected a token/],
    [`viewer ${VIEWER}\nadmin ${VIEWER}`, /^line 2: this token is in the file twice/],
  ] as const) {
    t.throws(() => parseTokens(text), { message }, text)
    t.throws(() => parseTokens(text), { message: new RegExp(`^((?!${VIEWER}).)*$`) }, 'without the token')
  }
})

t.test('a file that other users can open is refused, one of hashes only if they can change it', async (t) => {
  const hashes = `admin sha256:${hashOf(ADMIN).toString('hex')}\n`
  t.throws(() => authOf(t, FILE, 0o644), { name: 'ConfigError', message: /other users .* chmod 600/ })
  t.doesNotThrow(() => authOf(t, FILE, 0o640))
  t.doesNotThrow(() => authOf(t, hashes, 0o644))
  t.throws(() => authOf(t, hashes, 0o646), { name: 'ConfigError', message: /can change it/ })
  t.throws(() => new Auth('/nonexistent/tokens', logger), {
    name: 'ConfigError',
    message: /^AUTH_TOKENS_FILE: .*ENOENT/,
  })
})

t.test('a token has its role, anything else nothing', async (t) => {
  const { auth } = authOf(t)
  t.match(auth.ofToken(VIEWER), { role: 'viewer' })
  t.match(auth.ofToken(ADMIN), { role: 'admin' })
  for (const wrong of ['', VIEWER.slice(1), `${VIEWER}v`, 'x'.repeat(32)]) t.equal(auth.ofToken(wrong), null, wrong)
  t.equal(auth.anyone, null)
})

t.test('a ticket is for one camera, until it ends or its token is removed', async (t) => {
  const { auth, path, pass } = authOf(t)
  const grant = auth.ofToken(ADMIN)!
  const { ticket } = auth.ticketFor(grant, 'a', 60)
  t.match(auth.ofTicket(ticket, 'a'), { role: 'viewer', holder: grant.holder }, 'never more than a viewer')
  t.equal(auth.ofTicket(ticket, 'b'), null, 'another camera')
  const [ends, holder, signature] = ticket.split('.')
  for (const forged of [
    `${parseInt(ends!, 36) + 1}.${holder}.${signature}`,
    `${(parseInt(ends!, 36) + 1).toString(36)}.${holder}.${signature}`,
    `${ends}.${auth.ofToken(VIEWER)!.holder}.${signature}`,
    `${ends}.${holder}.${signature!.slice(1)}`,
    `${ends}.${holder}.`,
    '',
    '..',
  ])
    t.equal(auth.ofTicket(forged, 'a'), null, forged)
  t.equal(authOf(t).auth.ofTicket(ticket, 'a'), null, 'another run')
  t.equal(auth.ticketFor(grant, 'a').ticket, auth.ticketFor(grant, 'a').ticket, 'the same for some minutes')
  pass(60000)
  t.equal(auth.ofTicket(ticket, 'a'), null, 'over')

  const later = auth.ticketFor(grant, 'a', 600).ticket
  let changed = false
  auth.once('changed', () => (changed = true))
  writeFileSync(`${path}.new`, `viewer ${VIEWER}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  await until('the new list', () => changed)
  t.equal(auth.ofTicket(later, 'a'), null, 'its token is gone')
  t.notOk(auth.stillValid(grant))
  t.equal(auth.ofToken(ADMIN), null)
  t.match(auth.ofToken(VIEWER), { role: 'viewer' })

  writeFileSync(path, 'nonsense')
  await until('the error', () => log.some((line) => /line 1: .*tokens read before remain valid/.test(line)))
  t.match(auth.ofToken(VIEWER), { role: 'viewer' }, 'an invalid file changes nothing')
})

t.test('a forged ticket costs no signature: one address holds a thousand', async (t) => {
  const { auth } = authOf(t)
  const { ticket } = auth.ticketFor(auth.ofToken(VIEWER)!, 'a', 60)
  let signatures = 0
  const { createHmac } = crypto
  crypto.createHmac = (...given) => (signatures++, createHmac(...given))
  syncBuiltinESMExports()
  t.teardown(() => {
    crypto.createHmac = createHmac
    syncBuiltinESMExports()
  })
  t.ok(auth.ofTicket(ticket, 'a'))
  t.equal(signatures, 1, 'of the good one')
  for (const forged of [
    'zzzzzzz.x.x',
    `zzzzzzz..${ticket.split('.')[2]}`,
    `0.${ticket.slice(ticket.indexOf('.') + 1)}`,
  ])
    t.equal(auth.ofTicket(forged, 'a'), null, forged)
  t.equal(signatures, 1)
})

t.test('a change just after the start is noticed, also while all threads for files are busy', async (t) => {
  const path = join(temporaryFolder(t), 'tokens')
  writeFileSync(path, FILE, { mode: 0o600 })
  const busy = Array.from({ length: 4 }, () => new Promise((done) => scrypt('', '', 32, done)))
  let changes = 0
  const file = new TokenFile(path, logger, () => changes++, 20)
  t.teardown(() => file.close())
  writeFileSync(path, `viewer ${VIEWER}\n`)
  await until('the new list', () => file.tokens.length === 1)
  await Promise.all(busy)
  t.equal(changes, 1)
  rmSync(path)
  await until('the error', () => log.some((line) => line.includes('ENOENT')))
  t.equal(file.tokens.length, 1, 'without the file, the tokens read before remain valid')
})

t.test('a session ends by signing out and 12 hours after its last use', async (t) => {
  const { auth, pass } = authOf(t)
  const grant = auth.ofToken(VIEWER)!
  const [first, second] = [auth.signIn(grant), auth.signIn(grant)]
  t.same(auth.ofSession(first), grant)
  auth.signOut(first)
  t.equal(auth.ofSession(first), null)
  for (let hours = 0; hours < 24; hours += 8) {
    pass(8 * 3600 * 1000)
    t.same(auth.ofSession(second), grant)
  }
  pass(12 * 3600 * 1000)
  t.equal(auth.ofSession(second), null)
  const ids = Array.from({ length: 1001 }, () => auth.signIn(grant))
  t.equal(auth.ofSession(ids[0]!), null, 'of too many sessions, the oldest ends')
  t.same(auth.ofSession(ids[1]!), grant)
})

t.test('who may read from MediaMTX', async (t) => {
  const { auth } = authOf(t)
  const reader = { camera: 'a', secrets: [], tickets: [] }
  t.notOk(auth.allowsReader(reader))
  t.ok(auth.allowsReader({ ...reader, secrets: ['x', VIEWER] }))
  t.ok(auth.allowsReader({ ...reader, tickets: [auth.ticketFor(auth.ofToken(VIEWER)!, 'a').ticket] }))
  t.notOk(auth.allowsReader({ ...reader, tickets: [auth.ticketFor(auth.ofToken(VIEWER)!, 'b').ticket] }))
  const open = new Auth(undefined, logger)
  t.ok(open.allowsReader(reader), 'without AUTH_TOKENS_FILE everyone')
})
