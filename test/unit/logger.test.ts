// The log: its two forms, what never gets into it, lines that repeat, and a reader that is slow or gone.

import { mock } from 'node:test'
import t from 'tap'
import { createLogger, isJournal, type LoggerOptions } from '../../src/log/logger.js'
import { MAX_LINES } from '../../src/log/repeats.js'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

function open(options: Partial<LoggerOptions> = {}) {
  const chunks: string[] = []
  const write = (bytes: Uint8Array) => chunks.push(Buffer.from(bytes).toString()) && bytes.length
  const logger = createLogger({ level: 'info', format: 'pretty', write, ...options })
  const lines = () => chunks.join('').split('\n').slice(0, -1)
  return { logger, lines, messages: () => lines().map((line) => line.slice(31)) }
}

t.test('a level includes all higher levels', async (t) => {
  for (const [i, level] of LEVELS.entries()) {
    const { logger, lines } = open({ level })
    for (const at of LEVELS) logger[at]('x')
    t.strictSame(
      lines().map((line) => line.split(' ')[1]),
      LEVELS.slice(i),
    )
  }
})

t.test('pretty is one line of text: the time, the level, whom it is about, the message, the code', async (t) => {
  const { logger, lines } = open({ level: 'debug' })
  logger.info('started')
  logger.warn('does not respond', { camera: 'hall', code: 'ERR_SOURCE_TIMEOUT' })
  logger.warn('does not respond', { camera: 'hall', code: 'ERR_SOURCE_TIMEOUT', state: 'retrying' })
  logger.debug('[path hall] ready', { camera: 'hall', source: 'mediamtx' })
  const expected = [
    'info  started',
    'warn  camera hall: does not respond (ERR_SOURCE_TIMEOUT)',
    'warn  camera hall: does not respond (ERR_SOURCE_TIMEOUT); retrying',
    'debug mediamtx: [path hall] ready',
  ]
  for (const [i, line] of lines().entries()) {
    t.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /)
    t.equal(line.slice(25), expected[i])
  }
  t.equal(lines().length, expected.length)
  logger.info('not\n2026-11-26T00:00:00.000Z error what it seems')
  t.equal(
    lines()[5],
    '    2026-11-26T00:00:00.000Z error what it seems',
    'no line of a message looks like one of the log',
  )
})

t.test('json is one object per line, with whom it is about as fields', async (t) => {
  const { logger, lines } = open({ format: 'json' })
  logger.warn('does not\nrespond', { camera: 'hall', code: 'ERR_SOURCE_TIMEOUT' })
  t.equal(lines().length, 1)
  const { time, ...rest } = JSON.parse(lines()[0]!)
  t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.strictSame(rest, { level: 'warn', camera: 'hall', code: 'ERR_SOURCE_TIMEOUT', msg: 'does not\nrespond' })
})

t.test('no field of any form has credentials, or characters that steer a terminal', async (t) => {
  const long = `${'x'.repeat(7980)} rtsp://admin:S3CRET@h/`
  const texts = [
    'at rtsp://admin:S3CRET@h/ \u001b[31m\u202e',
    'GET /?token=S3CRET',
    'Authorization: Bearer S3CRET_1234',
    long,
  ]
  for (const format of ['json', 'pretty'] as const) {
    const { logger, lines } = open({ format })
    for (const text of texts)
      for (const at of ['info', 'error'] as const) logger[at](text, { camera: text, code: text })
    t.equal(lines().length, 8)
    t.notMatch(lines().join('\n'), /S3CRET|\u001b|u001b|\u202e/, format)
    t.match(lines()[0], /rtsp:\/\/\*\*\*@h\/ \?\[31m\?/)
    t.ok(
      lines().every((line) => line.length < 30000),
      'a long text is cut',
    )
  }
})

t.test('a line that repeats comes at once, then with its number after pauses of 1 s up to 60 s', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  let nowMs = 0
  mock.method(performance, 'now', () => nowMs)
  t.teardown(() => mock.reset())
  t.teardown(() => mock.timers.reset())
  const tick = (ms: number) => {
    nowMs += ms
    mock.timers.tick(ms)
  }
  const { logger, messages } = open()
  const away = () => logger.warn('away', { camera: 'a', code: 'ERR_SOURCE_TIMEOUT' })
  for (let i = 0; i < 5; i++) away()
  t.strictSame(messages(), ['camera a: away (ERR_SOURCE_TIMEOUT)'])
  tick(999)
  t.equal(messages().length, 1)
  tick(1)
  t.equal(messages()[1], 'camera a: away (ERR_SOURCE_TIMEOUT) (repeated 4 times in 1 s)')

  away()
  tick(2000)
  t.equal(messages()[2], 'camera a: away (ERR_SOURCE_TIMEOUT) (repeated 1 time in 2 s)')
  for (let i = 0; i < 600; i++) {
    away()
    tick(1000)
  }
  // After 4, 8, 16, 32, 60 ... s.
  const counts = messages()
    .slice(3)
    .map((line) => Number(/repeated (\d+) times/.exec(line)?.[1]))
  t.strictSame(counts, [4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60, 60])
  t.match(messages().at(-1), /repeated 60 times in 60 s/)
  tick(60000)
  const before = messages().length
  tick(60000)
  away()
  t.strictSame(messages().slice(before), ['camera a: away (ERR_SOURCE_TIMEOUT)'], 'after a quiet minute, at once again')

  logger.end()
  t.equal(messages().length, before + 1, 'nothing is held back')
  away()
  logger.end()
  t.match(messages().at(-1), /repeated 1 time in/, 'at the end, what was held back')
})

t.test('lines that differ in the level, the camera, the code or the text never delay each other', async (t) => {
  const { logger, lines } = open()
  for (let i = 0; i < 3; i++) {
    logger.warn('away', { camera: 'a' })
    logger.error('away', { camera: 'a' })
    logger.warn('away', { camera: 'b' })
    logger.warn('away', { camera: 'a', code: 'ERR_BIND' })
    logger.warn('away at 7', { camera: 'a' })
  }
  t.equal(lines().length, 5)
})

t.test('beyond its limit of lines, the oldest count comes early, and none is missing', async (t) => {
  const { logger, messages } = open()
  for (let i = 0; i < MAX_LINES; i++) for (let j = 0; j < 3; j++) logger.info(`line ${i}`)
  t.equal(messages().length, MAX_LINES)
  logger.info('one more')
  t.match(messages().slice(MAX_LINES), [/^line 0 \(repeated 2 times/, /^one more$/])
  logger.end()
  const counts = messages().map((line) => Number(/repeated (\d+)/.exec(line)?.[1] ?? 1))
  t.equal(
    counts.reduce((sum, count) => sum + count),
    3 * MAX_LINES + 1,
  )
})

/** A pipe of so many bytes, or one that fails with an error. */
function pipe() {
  const it = { text: '', room: 0, error: 'EAGAIN' }
  const write = (bytes: Uint8Array) => {
    if (it.room === 0) throw Object.assign(new Error('write'), { code: it.error })
    const taken = Math.min(it.room, bytes.length)
    it.text += Buffer.from(bytes.subarray(0, taken)).toString()
    it.room -= taken
    return taken
  }
  return { it, write }
}

t.test('a pipe that nobody reads does not block: lines wait, then their loss is counted', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { it, write } = pipe()
  it.room = 10
  const { logger } = open({ format: 'json', write })
  for (let i = 0; i < 3000; i++) logger.info(`${i} ${'x'.repeat(500)}`)
  t.equal(it.text.length, 10)
  it.room = Infinity
  mock.timers.tick(1000)
  const messages = it.text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).msg as string)
  const kept = messages.length - 1
  t.ok(kept > 1000 && kept < 2000, `about 1 MiB waited: ${kept}`)
  t.strictSame(
    messages.slice(0, -1).map((text) => Number(text.split(' ')[0])),
    Array.from({ length: kept }, (_, i) => i),
  )
  t.equal(messages.at(-1), `${3000 - kept} lines of this log were lost: nothing took them`)
})

t.test('a full disk and a closed pipe end nothing; the loss is counted', async (t) => {
  for (const error of ['ENOSPC', 'EPIPE']) {
    const { it, write } = pipe()
    it.error = error
    const { logger } = open({ write })
    logger.info('a')
    logger.info('b')
    it.room = Infinity
    logger.info('c')
    t.match(it.text, /^\S+ info {2}c\n\S+ warn {2}2 lines of this log were lost/)
  }
})

t.test('the end waits for a slow reader, but not for ever', async (t) => {
  const { it, write } = pipe()
  const slow = open({ write: (bytes) => write(bytes.subarray(0, 20)) })
  slow.logger.info('a')
  slow.logger.end()
  t.equal(it.text, '', 'nothing took it')
  it.room = Infinity
  slow.logger.end()
  t.match(it.text, /info {2}a\n$/)
})

t.test('in the journal, each line begins with its priority', async (t) => {
  for (const format of ['json', 'pretty'] as const) {
    const { logger, lines } = open({ level: 'debug', format, forJournal: true })
    for (const at of LEVELS) logger[at]('x')
    t.match(lines(), [/^<7>[\d{]/, /^<6>[\d{]/, /^<4>[\d{]/, /^<3>[\d{]/])
  }
  t.ok(isJournal({ JOURNAL_STREAM: '8:42' }, { dev: 8, ino: 42 }))
  t.notOk(isJournal({ JOURNAL_STREAM: '8:42' }, { dev: 9, ino: 42 }))
  t.notOk(isJournal({}, { dev: 8, ino: 42 }))
})
