// The page's words for events, counters and errors.

import t from 'tap'
import type { Camera, CameraEvent } from '../../clients/react/page/api-types.js'
import { counters, eventTone, eventWords, repeatWords, sizeWords } from '../../clients/react/page/events.js'
import { pythonUse } from '../../clients/react/page/python-use.js'
import { whyNoPicture } from '../../clients/react/page/words.js'

const at = '2026-11-25T14:03:07.000Z'
const NONE = { first_at: at, last_at: at, count: 1, from: null, to: null, code: null, message: null, changed: [] }

t.test('each event has a sentence and a tone', async (t) => {
  const events: [Partial<CameraEvent>, string, string][] = [
    [{ kind: 'started' }, 'Started', 'stopped'],
    [{ kind: 'started', by: 'curl/8 at ::1' }, 'Started by curl/8 at ::1', 'stopped'],
    [{ kind: 'replaced', changed: ['rtsp', 'pub_fps', 'x'] }, 'Changed: address, frames per second, x', 'stopped'],
    [{ kind: 'state', from: 'connecting', to: 'live' }, 'Live', 'live'],
    [{ kind: 'state', from: 'retrying', to: 'live' }, 'Live again', 'live'],
    [{ kind: 'state', from: 'live', to: 'retrying', message: 'it closed' }, 'Lost: it closed', 'retrying'],
    [{ kind: 'state', from: 'connecting', to: 'retrying', message: 'refused' }, 'Not reached: refused', 'retrying'],
    [{ kind: 'state', from: 'live', to: 'stalled' }, 'Stalled: the camera sends nothing', 'stalled'],
    [{ kind: 'state', from: 'connecting', to: 'stopped', message: 'too many' }, 'Not started: too many', 'stopped'],
    [{ kind: 'problem', message: 'the host refused' }, 'The host refused', 'retrying'],
  ]
  for (const [event, words, tone] of events) {
    const whole = { ...NONE, by: null, ...event } as CameraEvent
    t.strictSame([eventWords(whole), eventTone(whole)], [words, tone])
  }
  const repeated = { ...NONE, kind: 'problem', by: null, count: 31 } as const
  t.equal(
    repeatWords(repeated, (iso) => iso.slice(11, 19)),
    '31 times since 14:03:07',
  )
})

t.test('counters have the reasons that occurred, in words', async (t) => {
  const none = { gated: 0, damaged: 0, skipped: 0, late: 0, overwritten: 0 }
  const totals = { received_bytes: 0, received: 10, decoded: 8, shown: 5, ...none, late: 3 }
  t.strictSame(counters({ totals } as Camera), {
    frames: [
      { label: 'Received', count: 10 },
      { label: 'Decoded', count: 8 },
      { label: 'Shown', count: 5 },
    ],
    dropped: [{ label: 'too old when their turn came', count: 3 }],
  })
  t.strictSame([0, 999, 1000, 25_400_000, 3.25e9].map(sizeWords), ['0 B', '999 B', '1.0 kB', '25 MB', '3.3 GB'])
})

t.test('a camera that the gateway does not try for long says when the next attempt is', async (t) => {
  const refused = { state: 'retrying', last_error: { code: 'ERR_SOURCE_UNAUTHORIZED', message: 'no entry', since: at } }
  for (const [next_attempt_s, words] of [
    [null, 'No entry'],
    [2, 'No entry'],
    [30, 'No entry. Next attempt in 30 s'],
    [1800, 'No entry. Next attempt in 30 min'],
  ] as const)
    t.equal(whyNoPicture({ ...refused, next_attempt_s } as Camera, null, null), words)
})

t.test('the Python program fits where the page is open', async (t) => {
  const use = (base: string, zmq_endpoint = 'tcp://127.0.0.1:5555', zmq_keys = false, ticket: string | null = null) =>
    pythonUse({ name: 'lobby-1', zmq_endpoint, zmq_keys, ticket }, base)
  const opens = (base: string) => /open_capture\(.*\)/.exec(use(base).program)?.[0]
  t.equal(opens('http://127.0.0.1:8090'), 'open_capture("lobby-1")')
  t.equal(opens('http://localhost:8090'), 'open_capture("lobby-1")')
  for (const base of ['http://127.0.0.1:8190', 'http://192.0.2.2:8090', 'https://site.example/cameras'])
    t.equal(opens(base), `open_capture("lobby-1", gateway="${base}")`)

  const here = ['http://127.0.0.1:8090', 'http://localhost:80', 'http://[::1]:8090', 'http://127.1.2.3:8090']
  for (const base of here) t.match(use(base), { environment: null, caution: null }, base)
  const keys = 'FRAMEGATE_CURVE_KEY=NAME.key_secret FRAMEGATE_CURVE_SERVER_KEY=gateway.key'
  const elsewhere = 'http://192.0.2.2:8090'
  for (const local of ['tcp://127.0.0.1:5555', 'tcp://[::1]:5555', 'tcp://localhost:5555', 'ipc:///run/frames'])
    t.match(use(elsewhere, local).caution, /set ZMQ_BIND and keys \(docs\/security\.md#zeromq\)/)
  const open = 'tcp://192.0.2.2:5556'
  t.strictSame([use(elsewhere, open).caution, use(elsewhere, open).environment], [null, null])
  t.equal(use(elsewhere, open, true).environment, `export ${keys}`)
  t.equal(use(elsewhere, open, true, 'SECRET').environment, `export FRAMEGATE_TOKEN=... ${keys}`)
  t.equal(use(here[0]!, open, false, 'SECRET').environment, 'export FRAMEGATE_TOKEN=...')
  t.notMatch(JSON.stringify(use(elsewhere, open, true, 'SECRET')), /SECRET/, 'a ticket is no token')
})
