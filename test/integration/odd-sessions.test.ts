// Cameras whose sessions need care: key pictures of megabytes, packets that come early, are empty or are not the
// video's, wrong RTP-Info, requests of their own, a new SSRC, keep-alives, nonces that go stale.

import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { NO_MEDIAMTX, temporaryFolder } from '../helpers/paths.js'
import { RtspProxy, type Oddity } from '../helpers/rtsp-proxy.js'
import { TestCamera } from '../helpers/test-camera.js'
import { pause, until } from '../helpers/wait.js'
import { WireReader } from '../helpers/wire-reader.js'

// The first key picture is the only one.
const ONE_KEY = { gop: 10000 }

const header = (rtp: Buffer, change: (rtp: Buffer) => void): Buffer => {
  const copy = Buffer.from(rtp)
  change(copy)
  return copy
}

/** Adds filler data (NAL unit type 12) of so many bytes to each key picture, all of it at once. */
function bigKeys(bytes: number): Oddity {
  let added = 0
  return {
    packet(rtp) {
      rtp.writeUInt16BE((rtp.readUInt16BE(2) + added) & 0xffff, 2)
      const type = rtp[12]! & 31
      const isKey = type === 5 || (type === 28 && (rtp[13]! & 31) === 5)
      if (!isKey || rtp[1]! < 0x80) return undefined
      rtp[1]! &= 0x7f
      const packets = [rtp]
      const last = Math.ceil(bytes / 1400)
      for (let i = 0; i <= last; i++) {
        const filler = Buffer.alloc(1414, 0xff)
        rtp.copy(filler, 0, 0, 12)
        filler.writeUInt16BE((rtp.readUInt16BE(2) + i + 1) & 0xffff, 2)
        if (i === last) filler[1]! |= 0x80
        filler[12] = 28
        filler[13] = 12 | (i === 0 ? 0x80 : 0) | (i === last ? 0x40 : 0)
        packets.push(filler)
      }
      added += last + 1
      return packets
    },
  }
}

const STREAMS: Record<string, [Oddity, Record<string, number>]> = {
  'key pictures of 3 MB': [bigKeys(3e6), { gop: 25 }],
  'key pictures of 6 MB': [bigKeys(6e6), { gop: 50 }],
  'the only key picture comes 0.3 s before the answer to PLAY': [{ earlyMs: 300 }, ONE_KEY],
  'the only key picture comes 1.5 s before the answer to PLAY': [{ earlyMs: 1500 }, ONE_KEY],
  // Through MediaMTX, the picture must not come before the gateway reads the path.
  'the only key picture comes at once with the answer to PLAY, then a picture a second': [
    { ready: true },
    { gop: 10000, fps: 1 },
  ],
  'RTP-Info names sequence number 0': [
    { answer: (_, head) => head.replace(/^rtp-info:.*$/im, 'RTP-Info: url=x;seq=0;rtptime=0') },
    ONE_KEY,
  ],
  'RTP-Info is far ahead': [
    {
      answer: (_, head) =>
        head
          .replace(/seq=(\d+)/, (_, seq) => `seq=${(Number(seq) + 20000) & 0xffff}`)
          .replace(/rtptime=\d+/, 'rtptime=1'),
    },
    ONE_KEY,
  ],
  'packets of another payload type have the number of the packet before': [
    { packet: (rtp) => [rtp, header(rtp.subarray(0, 40), (copy) => (copy[1] = 50))] },
    ONE_KEY,
  ],
  'every second packet is of another payload type and takes a number': [
    {
      packet(rtp) {
        const number = rtp.readUInt16BE(2) * 2
        rtp.writeUInt16BE(number & 0xffff, 2)
        return [
          rtp,
          header(rtp.subarray(0, 40), (copy) => {
            copy[1] = 50
            copy.writeUInt16BE((number + 1) & 0xffff, 2)
          }),
        ]
      },
    },
    ONE_KEY,
  ],
  'packets that are empty or malformed': [{ packet: withEmptyPackets }, ONE_KEY],
  'the answer to SETUP names no channels': [
    { answer: (_, head) => head.replace(/^transport:.*$/im, 'Transport: RTP/AVP/TCP;unicast') },
    ONE_KEY,
  ],
  'the answer to SETUP has capitals and spaces': [
    { answer: (_, head) => head.replace(/^transport:.*$/im, 'Transport: RTP/AVP/TCP; Unicast; Interleaved = 0-1') },
    ONE_KEY,
  ],
  'the camera sends requests': [sendsRequests(), ONE_KEY],
  'packets of another source come between': [
    {
      packet: (rtp) => [
        rtp,
        header(rtp.subarray(0, 40), (copy) => {
          copy[1] = 50
          copy.writeUInt32BE(7, 8)
        }),
      ],
    },
    ONE_KEY,
  ],
  'packets of another source come between, with the payload type of the video': [strangerBetween(), ONE_KEY],
}

/** Before each packet one of its number with a padding that is too long, and after it one that has no payload. */
function withEmptyPackets(rtp: Buffer): Buffer[] {
  const number = rtp.readUInt16BE(2) * 2
  rtp.writeUInt16BE(number & 0xffff, 2)
  const padding = number % 4 === 0 ? [0, 0, 0, 4] : []
  const empty = Buffer.concat([rtp.subarray(0, 12), Buffer.from(padding)])
  if (padding.length > 0) empty[0]! |= 0x20
  empty[1]! &= 0x7f
  empty.writeUInt16BE((number + 1) & 0xffff, 2)
  const malformed = Buffer.concat([rtp.subarray(0, 12), Buffer.from([0, 255])])
  malformed[0]! |= 0x20
  return [malformed, rtp, empty]
}

function sendsRequests(): Oddity {
  let connection: Socket | undefined
  let packets = 0
  const requests = ['OPTIONS', 'GET_PARAMETER', 'ANNOUNCE', 'SET_PARAMETER', 'PAUSE']
  return {
    answers(request) {
      connection = request.connection
      return null
    },
    packet() {
      const method = ++packets % 20 === 0 ? requests[(packets / 20) % requests.length] : undefined
      if (method) connection?.write(`${method} * RTSP/1.0\r\nCSeq: ${packets}\r\nContent-Length: 5\r\n\r\nv=0\r\n`)
    },
  }
}

/** Another SSRC and other sequence numbers from when `change` is called. */
function newSender(): { oddity: Oddity; change: () => void } {
  let added = 0
  const oddity: Oddity = {
    packet(rtp) {
      rtp.writeUInt16BE((rtp.readUInt16BE(2) + added) & 0xffff, 2)
      rtp.writeUInt32BE((rtp.readUInt32BE(8) + added) >>> 0, 8)
    },
  }
  return { oddity, change: () => (added += 12345) }
}

/** Another sender's packets between the video's, of the same payload type, with numbers and times of their own. */
function strangerBetween(): Oddity {
  let number = 0
  return {
    packet(rtp) {
      const stranger = header(rtp.subarray(0, 40), (copy) => {
        copy.writeUInt16BE((40000 + number++) & 0xffff, 2)
        copy.writeUInt32BE(5, 4)
        copy.writeUInt32BE(7, 8)
      })
      return number > 20 ? [rtp, stranger] : [rtp]
    },
  }
}

/** Sends each picture as one unit, in which start codes separate the encoder's units. */
function withStartCodes(): Oddity {
  const START_CODE = Buffer.of(0, 0, 0, 1)
  let before: Buffer[] = []
  let type = 0
  let number = 0
  return {
    packet(rtp) {
      let payload = rtp.subarray(12)
      const isFragment = (payload[0]! & 31) === 28
      if (!isFragment && rtp[1]! < 0x80) {
        before.push(payload, START_CODE)
        return []
      }
      if (!isFragment) payload = Buffer.concat([...before, payload])
      else if (payload[1]! >= 0x80) {
        const unit = Buffer.of((payload[0]! & 0xe0) | (payload[1]! & 31))
        type = (before[0] ?? unit)[0]! & 31
        const whole = Buffer.concat([...before, unit, payload.subarray(2)])
        payload = Buffer.concat([Buffer.of(payload[0]!, 0x80 | type), whole.subarray(1)])
      } else payload[1] = (payload[1]! & 0xe0) | type
      before = []
      rtp.writeUInt16BE(number++ & 0xffff, 2)
      return [Buffer.concat([rtp.subarray(0, 12), payload])]
    },
  }
}

/** Says goodbye (RTCP BYE) after each second, and goes on. */
function saysGoodbye(): Oddity {
  let connection: Socket | undefined
  let packets = 0
  return {
    answers(request) {
      connection = request.connection
      return null
    },
    packet(rtp) {
      if (++packets % 25 === 0) connection?.write(Buffer.of(0x24, 1, 0, 8, 0x81, 203, 0, 1, ...rtp.subarray(8, 12)))
    },
  }
}

/** Gives packets other sequence numbers. `at` counts the packets, `inPicture` those of the picture. */
function numbered(number: (at: number, inPicture: number) => number): Oddity {
  let at = 0
  let inPicture = 0
  return {
    packet(rtp) {
      rtp.writeUInt16BE(number(at++, inPicture) & 0xffff, 2)
      inPicture = rtp[1]! >= 0x80 ? 0 : inPicture + 1
    },
  }
}

const timed = (timestamp: (camera: number) => number): Oddity => ({
  packet: (rtp) => void rtp.writeUInt32BE(timestamp(rtp.readUInt32BE(4)) >>> 0, 4),
})

// What the gateway may need a few pictures for.
const GOES_ON: Record<string, Oddity> = {
  'all timestamps are the same': timed(() => 7),
  'timestamps run backwards': timed((camera) => -camera),
  'the sequence numbers of each picture begin at 0': numbered((_, inPicture) => inPicture),
  'sequence numbers are set back': numbered((at) => at - 30 * Math.floor(at / 100)),
  'the camera says goodbye and goes on': saysGoodbye(),
  'start codes separate units': withStartCodes(),
  'the description names no clock rate': { description: (sdp) => sdp.replace('H264/90000', 'H264') },
}

for (const mediamtx of ['managed', 'off'] as const) {
  const skip = mediamtx === 'managed' ? NO_MEDIAMTX : false
  t.test(`every picture passes, MEDIAMTX=${mediamtx}`, { skip }, async (t) => {
    const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx })
    t.teardown(() => gateway.stop())
    const check = async ([what, [oddity, options]]: [string, (typeof STREAMS)[string]], index: number) => {
      const camera = await TestCamera.start({ width: 320, height: 180, path: '/x', ...options })
      t.teardown(() => camera.stop())
      const proxy = await RtspProxy.start(t, camera, oddity)
      const name = `cam-${index}`
      await gateway.post('/cameras/start', { name, rtsp: `rtsp://127.0.0.1:${proxy.port}/x` })
      await gateway.untilState(name, 'live')
      const { frames_gated } = await gateway.camera(name)
      await pause(4000) // A lost packet would close the gate, for good if there is no other key picture.
      t.match(await gateway.untilState(name, 'live'), { last_error: null, reconnects: 0, frames_gated }, what)
      t.equal(proxy.requests.filter((method) => method === 'PLAY').length, 1, `${what}: one session`)
    }
    const changesSender = async () => {
      const camera = await TestCamera.start({ width: 320, height: 180, path: '/x', gop: 25 })
      t.teardown(() => camera.stop())
      const { oddity, change } = newSender()
      const proxy = await RtspProxy.start(t, camera, oddity)
      await gateway.post('/cameras/start', { name: 'sender', rtsp: `rtsp://127.0.0.1:${proxy.port}/x` })
      const reader = new WireReader(gateway.zmq, 'sender')
      t.teardown(() => reader.close())
      for (let i = 0; i < 3; i++) {
        const before = reader.frames.length
        await until('frames', () => reader.frames.length >= before + 5)
        const { frames_gated } = await gateway.camera('sender')
        change()
        await until('the change', async () => (await gateway.camera('sender')).frames_gated > frames_gated)
      }
      const before = reader.frames.length
      await until('frames of the last sender', () => reader.frames.length >= before + 5)
      t.equal(proxy.requests.filter((method) => method === 'PLAY').length, 1, 'a new SSRC: one session')
    }
    const goesOn = async ([what, oddity]: [string, Oddity], index: number) => {
      const camera = await TestCamera.start({ width: 320, height: 180, path: '/x', gop: 25 })
      t.teardown(() => camera.stop())
      const proxy = await RtspProxy.start(t, camera, oddity)
      const name = `on-${index}`
      await gateway.post('/cameras/start', { name, rtsp: `rtsp://127.0.0.1:${proxy.port}/x`, pub_fps: 60 })
      const reader = new WireReader(gateway.zmq, name)
      t.teardown(() => reader.close())
      // Pictures that a busy machine takes together have the same time of arrival: one of them is shown.
      await until(`frames of a camera whose ${what}`, () => reader.frames.length >= 100, { limitMs: 60000 })
      t.match(await gateway.untilState(name, 'live'), { last_error: null, reconnects: 0 }, what)
    }
    await Promise.all([...Object.entries(STREAMS).map(check), changesSender()])
    await Promise.all(Object.entries(GOES_ON).map(goesOn))
  })
}

const parameter = (head: string, name: string) => new RegExp(`[ ,]${name}="?([^",\r\n]*)`).exec(head)?.[1] ?? ''
const GET_PARAMETER = 'OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER'
const timeout = (seconds: number) => (_: string, head: string) =>
  head.replace(/^(session: *[^;\r\n]*).*$/im, `$1;timeout=${seconds}`)

interface Digest {
  hash: string
  challenges: (nonce: string) => string[]
  /** How many requests a nonce is good for. */
  uses: number
  password: string
}

/** Wants Digest for all requests but OPTIONS, and answers keep-alives itself. */
function digestCamera({ hash, challenges, uses, password }: Digest, seen: { wrong: number; stale: number }): Oddity {
  let nonce = ''
  let used = 0
  const offer = (stale: string) => {
    nonce = randomBytes(16).toString('hex')
    used = 0
    const lines = challenges(`realm="cam", nonce="${nonce}"${stale}`).map((text) => `WWW-Authenticate: ${text}`)
    return ['RTSP/1.0 401 Unauthorized', ...lines].join('\r\n')
  }
  return {
    answer: timeout(1),
    answers({ method, head }) {
      if (method === 'OPTIONS') return `RTSP/1.0 200 OK\r\nPublic: ${GET_PARAMETER}`
      if (!/^authorization:/im.test(head)) return offer('')
      const of = (name: string) => parameter(head, name)
      const H = (...parts: string[]) => createHash(hash).update(parts.join(':')).digest('hex')
      const quality = of('qop') === '' ? [] : [of('nc'), of('cnonce'), of('qop')]
      const right = H(H('admin', 'cam', password), of('nonce'), ...quality, H(method, of('uri')))
      if (of('response') !== right) {
        seen.wrong++
        return offer(', stale=true')
      }
      if (of('nonce') !== nonce || used++ >= uses) {
        seen.stale++
        return offer(', stale=true')
      }
      return method === 'GET_PARAMETER' ? 'RTSP/1.0 200 OK' : null
    },
  }
}

const KEEP_ALIVES: Record<string, { method: string; oddity: Oddity }> = {
  'a timeout of 2 s, GET_PARAMETER': {
    method: 'GET_PARAMETER',
    oddity: {
      answer: timeout(2),
      answers: ({ method }) =>
        method === 'OPTIONS'
          ? `RTSP/1.0 200 OK\r\nPublic: ${GET_PARAMETER}`
          : method === 'GET_PARAMETER'
            ? 'RTSP/1.0 200 OK'
            : null,
    },
  },
  'GET_PARAMETER is not offered and ends the connection': {
    method: 'OPTIONS',
    oddity: {
      answer: timeout(3),
      answers({ method, connection }) {
        if (method === 'GET_PARAMETER') connection.destroy()
        return method === 'OPTIONS' ? 'RTSP/1.0 200 OK\r\nPublic: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY' : null
      },
    },
  },
}

t.test('sessions of cameras pulled directly', async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const camera = await TestCamera.start({ width: 320, height: 180, path: '/x' })
  t.teardown(() => camera.stop())

  for (const [index, [what, { method, oddity }]] of Object.entries(KEEP_ALIVES).entries()) {
    t.test(`keep-alive: ${what}`, async (t) => {
      const proxy = await RtspProxy.start(t, camera, oddity)
      const name = `keep-${index}`
      await gateway.post('/cameras/start', { name, rtsp: `rtsp://127.0.0.1:${proxy.port}/x` })
      const { reconnects } = await gateway.untilState(name, 'live')
      const asked = () => proxy.requests.slice(proxy.requests.indexOf('PLAY') + 1)
      await until('two keep-alives', () => asked().length >= 2)
      t.strictSame(new Set(asked()), new Set([method]))
      t.match(await gateway.untilState(name, 'live'), { reconnects })
      await gateway.post('/cameras/stop', { name })
    })
  }

  const DIGESTS: Record<string, Omit<Digest, 'password'>> = {
    'SHA-256 with qop, each nonce for one request': {
      ...{ hash: 'sha256', uses: 1 },
      challenges: (nonce) => [`Digest ${nonce}, algorithm=SHA-256, qop="auth"`],
    },
    'SHA-256 after an unknown algorithm and Basic, all in one header': {
      ...{ hash: 'sha256', uses: 2 },
      challenges: (nonce) => [
        `Basic realm="cam", Digest ${nonce}, algorithm=SHA-512-256, Digest ${nonce}, algorithm=SHA-256`,
      ],
    },
    'MD5, then SHA-256': {
      ...{ hash: 'md5', uses: 3 },
      challenges: (nonce) => [`Digest ${nonce}, algorithm=MD5`, `Digest ${nonce}, algorithm=SHA-256`],
    },
  }
  for (const [index, [what, digest]] of Object.entries(DIGESTS).entries()) {
    t.test(`Digest: ${what}`, async (t) => {
      const seen = { wrong: 0, stale: 0 }
      const proxy = await RtspProxy.start(t, camera, digestCamera({ ...digest, password: 'S3CRET' }, seen))
      const name = `digest-${index}`
      await gateway.post('/cameras/start', { name, rtsp: `rtsp://admin:S3CRET@127.0.0.1:${proxy.port}/x` })
      // The test camera may refuse the first attempt with 503 while it ends the stream of the probe or the test before.
      const { reconnects } = await gateway.untilState(name, 'live')
      const keepAlives = () => proxy.requests.filter((method) => method === 'GET_PARAMETER').length
      await until('keep-alives with a stale nonce', () => keepAlives() >= 6 && seen.stale >= 2)
      t.match(await gateway.untilState(name, 'live'), { reconnects })
      t.equal(seen.wrong, 0)
      await gateway.post('/cameras/stop', { name })
    })
  }

  t.test(
    'a wrong password is sent once, though each refusal has a new nonce and says that the old one was stale',
    async (t) => {
      const seen = { wrong: 0, stale: 0 }
      const oddity = digestCamera({ ...DIGESTS['MD5, then SHA-256']!, password: 'S3CRET-other' }, seen)
      const proxy = await RtspProxy.start(t, camera, oddity)
      await gateway.post('/cameras/start', { name: 'wrong', rtsp: `rtsp://admin:S3CRET@127.0.0.1:${proxy.port}/x` })
      await until('the reason', async () => (await gateway.camera('wrong')).last_error)
      t.equal((await gateway.camera('wrong')).last_error.code, 'ERR_SOURCE_UNAUTHORIZED')
      t.equal(seen.wrong, 1)
    },
  )
})
