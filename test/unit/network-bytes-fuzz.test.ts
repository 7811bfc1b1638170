// Fuzzes the TypeScript code that reads bytes from the network, with a corpus and mutations of it.

import assert from 'node:assert/strict'
import t from 'tap'
import { z } from 'zod'
import { parseMessage, readRecords } from '../../clients/react/page/frame-records.js'
import { parseCameraUrl, withCredentials } from '../../src/cameras/camera-url.js'
import { authorize } from '../../src/cameras/rtsp-auth.js'
import { AnswerReader, type Verdict } from '../../src/cameras/rtsp-answer.js'
import { encodeFrameMessage } from '../../src/frames/frame-message.js'
import { FrameHub } from '../../src/frames/frame-hub.js'
import { parseTopic, renditionTopic } from '../../src/frames/rendition-topic.js'
import { parseSubscription } from '../../src/publish/subscription.js'
import { redact } from '../../src/redact.js'
import { cameraSettings } from '../../src/camera-settings.js'
import { check } from '../../src/validate.js'
import { corpusFiles, corpusTexts, fuzz, SEED } from '../helpers/fuzz.js'
import { decode } from '../helpers/wire-reader.js'

const EACH_MS = process.env.FUZZ_SECONDS === undefined ? 400 : 1000 * Number(process.env.FUZZ_SECONDS)
// Of the processor's time, so that a busy machine does not matter. Far above that of any input here, and far below that of
// one that takes quadratic time.
const LONGEST_MS = 3000
const latin1 = (files: Map<string, Buffer>) => [...files.values()].map((bytes) => bytes.toString('latin1'))

function inTime<T>(run: () => T): T {
  const begun = process.cpuUsage()
  const result = run()
  const { user, system } = process.cpuUsage(begun)
  const tookMs = (user + system) / 1000
  assert.ok(tookMs < LONGEST_MS, `it took ${tookMs.toFixed(0)} ms`)
  return result
}

const parseAnswer = (bytes: Buffer) => new AnswerReader().push(bytes)

if (process.env.FUZZ_SECONDS !== undefined) t.setTimeout(0)
t.comment(`FUZZ_SEED=${SEED}`)

t.test('an answer is parsed the same however it is split into chunks', async (t) => {
  const count = await fuzz(latin1(corpusFiles('answers')), EACH_MS, (input, random) => {
    const bytes = Buffer.from(input, 'latin1')
    const verdict = parseAnswer(bytes)
    const reader = new AnswerReader()
    let first: Verdict = 'partial'
    for (let end = 0; first === 'partial' && end < bytes.length;) {
      const begin = end
      end = Math.min(bytes.length, end + 1 + random(random(2) ? 8 : 200))
      first = reader.push(bytes.subarray(begin, end))
    }
    assert.deepEqual(first, verdict)
    if (typeof verdict === 'string') return
    assert.ok(verdict.status >= 0 && verdict.status <= 999 && verdict.reason.length <= 80)
    assert.doesNotMatch(verdict.reason + [...verdict.headers].flat(2).join(''), /[\r\n]/)
    assert.doesNotMatch(verdict.reason, /[\u0000-\u001f\u007f-\u009f]/)
  })
  t.comment(`${count} inputs`)
})

t.test('an endless answer is rejected quickly', async (t) => {
  const head = 'RTSP/1.0 200 OK\r\n'
  const size = 256 * 1024
  for (const [what, text] of Object.entries({
    'one line': head + 'x'.repeat(size),
    'many headers': head + 'a:\r\n'.repeat(size / 4),
    'many headers, and an end': `${head}${'a:\r\n'.repeat(size / 4)}\r\n`,
    'line ends': head + '\n'.repeat(size),
    spaces: `RTSP/1.0 200 ${' '.repeat(size)}`,
  })) {
    t.equal(
      inTime(() => parseAnswer(Buffer.from(text))),
      'invalid',
      what,
    )
  }
  const most = `${head}${'a:\r\n'.repeat(4000)}Content-Length: 262144\r\n\r\n`
  t.equal(parseAnswer(Buffer.from(most)), 'partial')
  t.match(
    inTime(() => parseAnswer(Buffer.from(most + 'x'.repeat(size)))),
    { status: 200, body: /^x+$/ },
  )
  t.equal(parseAnswer(Buffer.from(`${head}Content-Length: 262145\r\n\r\n`)), 'invalid')
})

t.test('an answer that arrives one byte at a time takes linear time', async (t) => {
  const body = 'a=x\r\n'.repeat(52000)
  const text = `RTSP/1.0 200 OK\r\n${'a: b\r\n'.repeat(2500)}Content-Length: ${body.length}\r\n\r\n${body}`
  const bytes = Buffer.from(text)
  const reader = new AnswerReader()
  let verdict: Verdict = 'partial'
  inTime(() => {
    for (let i = 0; i < bytes.length; i++) verdict = reader.push(bytes.subarray(i, i + 1))
  })
  t.match(verdict, { status: 200 })
})

t.test('an authorization is one line for any challenge', async (t) => {
  const addresses = corpusTexts('addresses')
    .map(parseOrNull)
    .filter((url) => url !== null)
  const hostile = [' realm=', ' realm="', 'a="', ', realm', '"\\'].map((piece) => `Digest ${piece.repeat(16384)}`)
  for (const challenge of hostile)
    inTime(() => authorize([challenge, `${challenge} realm="r", nonce="n"`], addresses[0]!))
  const count = await fuzz(corpusTexts('challenges'), EACH_MS, (input, random) => {
    // Directly, and parsed from the head of an answer.
    const answer = parseAnswer(Buffer.from(`RTSP/1.0 401 No\r\nWWW-Authenticate: ${input}\r\n\r\n`))
    const received = typeof answer === 'string' ? [] : (answer.headers.get('www-authenticate') ?? [])
    for (const challenges of [[input], received]) {
      const line = authorize(challenges, addresses[random(addresses.length)]!)
      assert.ok(line === null || (/^(Basic|Digest) ./.test(line) && !/[\r\n\0]/.test(line)), String(line))
    }
  })
  t.comment(`${count} inputs`)
  t.equal(
    authorize(['Digest realm="r", nonce="n"'], { key: 'rtsp://h/', user: 'u\r\nX-Injected: 1', password: '' }),
    null,
  )
})

/** Whether each % begins an encoded character. Otherwise a password counts as it is written. */
function decodes(text: string): boolean {
  try {
    return decodeURIComponent(text) !== ''
  } catch {
    return false
  }
}

const start = z.object({ rtsp: cameraSettings.shape.rtsp })

function parseOrNull(rtsp: string) {
  const checked = cameraSettings.shape.rtsp.safeParse(rtsp)
  return checked.success ? parseCameraUrl(checked.data) : null
}

t.test('redacted text and error messages contain no user name or password', async (t) => {
  let passed = 0
  const count = await fuzz(corpusTexts('addresses'), EACH_MS, (typed) => {
    const checked = check(start, { rtsp: typed }, 'field')
    if ('complaint' in checked) {
      const kept = checked.complaint.message
      assert.doesNotMatch(kept, /S3CRET/)
      return
    }
    passed++
    const { rtsp } = checked.value
    const url = parseCameraUrl(rtsp)
    const reference = new URL(rtsp)
    assert.doesNotMatch(url.key + url.user + url.password, /[\r\n\0]/)
    assert.equal(
      redact(withCredentials(url)),
      redact(url.key).replace('//', url.user || url.password ? '//***@' : '//'),
    )
    assert.deepEqual(parseCameraUrl(withCredentials(url)), url)
    assert.equal(parseCameraUrl(url.key).key, url.key)
    // As another parser reads it.
    assert.equal(url.user + url.password !== '', reference.username + reference.password !== '')
    if (decodes(rtsp)) assert.equal(parseCameraUrl(reference.href).password, url.password)
    const authority = /\/\/([^/?#]*)/.exec(rtsp)![1]!
    const userInfo = authority.slice(0, Math.max(0, authority.lastIndexOf('@')))
    const elsewhere = rtsp.replace(`//${userInfo}@`, '//')
    for (const text of [rtsp, reference.href, `dial "${rtsp}": refused`, `<${rtsp}>,${rtsp}`]) {
      const shown = redact(text)
      if (userInfo !== '' && userInfo !== '***') assert.ok(!shown.includes(`//${userInfo}@`), shown)
      if (!elsewhere.includes('S3CRET')) assert.doesNotMatch(shown, /S3CRET/)
    }
  })
  t.comment(`${count} inputs, ${passed} of them addresses`)
  t.ok(passed > count / 20)
})

t.test('any text is redacted quickly', async () => {
  for (const piece of ['a', 'a://', '://', '@', 'a:', '://@', 'rtsp://u:p', ' ']) {
    const text = piece.repeat((256 * 1024) / piece.length)
    inTime(() => redact(text))
    inTime(() => check(start, { rtsp: text }, 'field'))
    inTime(() => parseCameraUrl(`rtsp://${text}`))
  }
})

t.test('topics survive parsing and formatting', async (t) => {
  const hub = new FrameHub()
  const count = await fuzz(corpusTexts('topics'), EACH_MS / 2, (topic) => {
    for (const prefix of [topic, `${topic}\0`]) hub.setSubscribers(prefix, 1)
    for (const demanded of hub.demandedTopics('cam1'))
      assert.ok(parseTopic(demanded)?.camera === 'cam1' && demanded.length <= 78, demanded)
    for (const prefix of [topic, `${topic}\0`]) hub.setSubscribers(prefix, 0)
    assert.deepEqual(hub.demandedTopics('cam1'), [])
    const parsed = parseTopic(topic)
    if (!parsed) return
    assert.match(parsed.camera, /^[A-Za-z0-9_-]{1,64}$/)
    if (!parsed.size) return assert.equal(topic, parsed.camera)
    const { width, fps } = parsed.size
    assert.ok((width === 0 || (width >= 16 && width <= 7680)) && fps >= 0.1 && fps <= 120)
    assert.deepEqual(parseTopic(renditionTopic(parsed.camera, width, fps)), parsed)
  })
  t.comment(`${count} inputs`)
})

t.test('subscription messages of any content', async (t) => {
  const count = await fuzz(corpusTexts('subscriptions'), EACH_MS / 4, (input) => {
    const message = Buffer.from(input, 'latin1')
    const news = parseSubscription(message)
    assert.equal(news !== null, message.length > 0 && message[0]! <= 1)
    if (news) assert.ok(Buffer.from(`${news.begins ? '\x01' : '\0'}${news.prefix}`, 'latin1').equals(message))
  })
  t.comment(`${count} inputs`)
})

t.test('the wire corpus matches the encoder', async (t) => {
  for (const [name, bytes] of corpusFiles('wire')) {
    if (!name.startsWith('encoded-')) continue
    const { topic, header, jpegBytes } = decode(bytes)
    const made = encodeFrameMessage(
      {
        topic,
        camera: header.camera,
        seq: header.seq,
        jpegBytes,
        width: header.width,
        height: header.height,
        sourceWidth: header.source_width,
        sourceHeight: header.source_height,
        receivedAtUs: header.received_at_us,
        receivedAtMs: 0,
        publishedAtUs: header.published_at_us,
        capturedAtUs: header.captured_at_us,
      },
      header.run,
    )
    t.ok(made.equals(bytes), name)
  }
})

t.test('the page parses records the same however they are split, each as a message or as nothing', async (t) => {
  const wire = latin1(corpusFiles('wire'))
  const count = await fuzz(wire, EACH_MS, async (input, random) => {
    const messages = [input, wire[random(wire.length)]!, input].map((text) => Buffer.from(text, 'latin1'))
    const stream = Buffer.concat(
      messages.flatMap((message) => {
        const length = Buffer.alloc(4)
        length.writeUInt32LE(message.length)
        return [length, message]
      }),
    )
    const got: Buffer[] = []
    const cuts = function* () {
      for (let at = 0; at < stream.length;) {
        const next = at + 1 + random(random(2) ? 16 : 4000)
        yield new Uint8Array(stream.subarray(at, next))
        at = next
      }
    }
    await readRecords(ReadableStream.from(cuts()), (record) => {
      got.push(Buffer.from(record))
      const message = parseMessage(record)
      if (message)
        assert.ok(typeof message.camera === 'string' && message.jpeg.size > 0 && message.jpeg.size < record.length)
    })
    assert.deepEqual(got, messages)
    // Or as the stream itself: damaged, or with records of any length.
    await readRecords(
      ReadableStream.from([new Uint8Array(Buffer.from(input, 'latin1'))]),
      (record) => void parseMessage(record),
    ).catch((error) => {
      assert.match(error.message, /is corrupt/)
    })
  })
  t.comment(`${count} inputs`)
})
