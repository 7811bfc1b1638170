// What a camera remembers of its events.

import t from 'tap'
import { EventLog } from '../../src/cameras/event-log.js'
import { CameraStatus } from '../../src/cameras/status.js'
import { SourceError } from '../../src/errors.js'
import type { CameraErrorCode } from '../../src/error-codes.js'
import type { CameraState } from '../../src/types.js'

const quiet = () => undefined
const logger = { info: quiet, warn: quiet, error: quiet, debug: quiet }

class Probe extends CameraStatus {
  constructor(log: EventLog) {
    super('a', logger, false, log)
  }
  becomes = (state: CameraState) => this.setState(state)
  fails = (code: CameraErrorCode, message: string, next?: CameraState) =>
    this.fail(new SourceError(code, message), next)
}

function probe() {
  const clock = { ms: 0 }
  const camera = new Probe(new EventLog(() => clock.ms))
  const lines = () =>
    camera
      .events()
      .map(({ kind, from, to, error, count }) => [kind, from, to, error?.code, count].filter(Boolean).join(' '))
  return { camera, clock, lines }
}

t.test('a change of state has its reason, and an attempt that changes nothing counts', async (t) => {
  const { camera, lines } = probe()
  camera.fails('ERR_SOURCE_TIMEOUT', 'no answer', 'retrying')
  for (let i = 0; i < 3; i++) camera.fails('ERR_SOURCE_TIMEOUT', `no answer, rtsp://u:secret@h/ ${i}`, 'retrying')
  camera.becomes('live')
  camera.becomes('live')
  t.strictSame(lines(), [
    'state retrying live 1',
    'problem ERR_SOURCE_TIMEOUT 3',
    'state connecting retrying ERR_SOURCE_TIMEOUT 1',
  ])
  t.equal(camera.events()[1]?.error?.message, 'no answer, rtsp://***@h/ 2', 'the newest message, without secrets')
})

t.test('a camera that comes and goes for hours leaves a few entries, one that does so now and then all', async (t) => {
  const { camera, clock, lines } = probe()
  camera.fails('ERR_SOURCE_TIMEOUT', 'no answer')
  camera.becomes('live')
  for (let i = 0; i < 1000; i++) {
    clock.ms += 4000
    camera.fails(i % 2 ? 'ERR_SOURCE_CLOSED' : 'ERR_SOURCE_SILENT', `after ${i} frames`, 'retrying')
    camera.becomes('live')
  }
  t.strictSame(lines(), [
    'state retrying live 1000',
    'state live retrying ERR_SOURCE_CLOSED 500',
    'state live retrying ERR_SOURCE_SILENT 500',
    'state connecting live 1',
    'problem ERR_SOURCE_TIMEOUT 1',
  ])
  for (let i = 0; i < 40; i++) {
    clock.ms += 3_600_000
    camera.fails('ERR_SOURCE_CLOSED', 'closed', 'retrying')
    camera.becomes('live')
  }
  t.equal(lines().length, 50, 'no more than 50')
  t.ok(
    camera.events().every(({ count }) => count === 1),
    'each at its own time',
  )
})

t.test('a stop is no event, unless the gateway sets the camera aside', async (t) => {
  const { camera, lines } = probe()
  camera.becomes('stopped')
  t.strictSame(lines(), [])
  const other = probe()
  other.camera.setAside(new SourceError('ERR_SET_ASIDE', 'x'.repeat(5000)))
  t.strictSame(other.lines(), ['state connecting stopped ERR_SET_ASIDE 1'])
  t.equal(other.camera.events()[0]?.error?.message.length, 500, 'a bounded message')
})
