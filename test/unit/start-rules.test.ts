// What a start request does to the cameras that already run: join, replace, refuse.

import t from 'tap'
import { cameraSettings, type StartRequest } from '../../src/camera-settings.js'
import { parseCameraUrl } from '../../src/cameras/camera-url.js'
import { differences, ignoredFields } from '../../src/cameras/start-notes.js'
import { decideStart, replacedSettings, type RunningCamera } from '../../src/cameras/start-rules.js'

const A = 'rtsp://u:p@10.0.0.1/a'

function camera(name: string, rtsp: string, more: Partial<RunningCamera> = {}): RunningCamera {
  const settings = cameraSettings.parse({ name, rtsp, tlsFingerprint: 'ab'.repeat(32), jpegQuality: 50 })
  const everLive = more.everLive ?? true
  return {
    name,
    settings,
    url: parseCameraUrl(rtsp),
    lastError: null,
    everLive,
    credentialsInDoubt: !everLive,
    ...more,
  }
}

function decide(request: Partial<StartRequest>, ...running: RunningCamera[]): string {
  const whole = { name: 'a', rtsp: A, ...request }
  const url = parseCameraUrl(whole.rtsp)
  const pulls = running.find((one) => one.url.key === url.key)
  const named = running.find((one) => one.name === whole.name)
  try {
    const decision = decideStart(whole, url, pulls, named)
    return decision.kind === 'add' ? 'add' : `${decision.kind} ${decision.camera.name}`
  } catch (error) {
    return String(error)
  }
}

const live = camera('a', A)
const dead = camera('a', A, { everLive: false })
const other = camera('b', 'rtsp://10.0.0.1/b')
const REFUSED = /ERR_NAME_IN_USE|already uses another address; send "replace": true/

t.test('a start joins, adds, replaces or is refused', async (t) => {
  const cases: [string, Partial<StartRequest>, RunningCamera[], string | RegExp][] = [
    ['a new one', {}, [other], 'add'],
    ['the same', {}, [live], 'join a'],
    ['the same, replace', { replace: true }, [live], 'join a'],
    ['the same with equal settings, replace', { replace: true, jpegQuality: 50 }, [live], 'join a'],
    ['another name', { name: 'x', replace: true }, [live], 'join a'],
    ['other settings', { jpegQuality: 60, pubFps: 5 }, [live], 'join a'],
    ['other settings of one never live', { jpegQuality: 60 }, [dead], 'join a'],
    ['other settings, replace', { jpegQuality: 60, replace: true }, [live], 'replace a'],
    ['another rate, replace', { pubFps: 5, replace: true }, [live], 'replace a'],
    ['no fingerprint, replace', { tlsFingerprint: null, replace: true }, [live], 'replace a'],
    ['another password', { rtsp: 'rtsp://u:x@10.0.0.1/a' }, [live], 'credentials-differ a'],
    ['another password, replace', { rtsp: 'rtsp://u:x@10.0.0.1/a', replace: true }, [live], 'replace a'],
    [
      'another password and name, replace',
      { name: 'x', rtsp: 'rtsp://10.0.0.1/a', replace: true },
      [live],
      'replace a',
    ],
    ['another password of one never live', { rtsp: 'rtsp://u:x@10.0.0.1/a' }, [dead], 'replace a'],
    ['another address', { rtsp: 'rtsp://u:p@10.0.0.2/a' }, [live], REFUSED],
    ['another address, replace', { rtsp: 'rtsp://u:p@10.0.0.2/a', replace: true }, [live], 'replace a'],
    ['another address of one never live', { rtsp: 'rtsp://u:p@10.0.0.2/a' }, [dead], 'replace a'],
    [
      'the address of another, replace',
      { rtsp: 'rtsp://10.0.0.1/b', replace: true },
      [live, other],
      /this address belongs to camera "b"/,
    ],
    ['the address of another, never live', { rtsp: 'rtsp://10.0.0.1/b' }, [dead, other], 'join b'],
  ]
  for (const [what, request, running, expected] of cases) t.match(decide(request, ...running), expected, what)
})

t.test('what a replacement leaves out stays, except the certificate of another address', async (t) => {
  const replaced = (rtsp: string) =>
    replacedSettings(live, { name: 'x', rtsp, pubFps: 5, scaleWidth: undefined }, parseCameraUrl(rtsp))
  t.match(replaced('rtsp://u:x@10.0.0.1/a'), { name: 'a', pubFps: 5, scaleWidth: 640, jpegQuality: 50 })
  t.match(replaced('rtsp://u:x@10.0.0.1/a'), { tlsFingerprint: 'ab'.repeat(32), rtsp: 'rtsp://u:x@10.0.0.1/a' })
  t.equal(replaced('rtsp://u:p@10.0.0.9/a').tlsFingerprint, null)
})

t.test('the fields without effect have their names in JSON; those that differ are listed', async (t) => {
  const ignored = (request: Partial<StartRequest>) => ignoredFields(live, { name: 'a', rtsp: A, ...request })
  t.strictSame(ignored({ jpegQuality: 50, pubFps: 1, scaleWidth: 0, retry: true, keep: false }), [])
  t.strictSame(ignored({ rtsp: 'RTSP://u:p@10.0.0.1/a' }), [], 'another spelling of the address')
  const request = { name: 'x', jpegQuality: 60, cameraTime: true, rtspTransport: 'udp' as const, tlsFingerprint: null }
  t.strictSame(ignored(request), ['name', 'jpeg_quality', 'camera_time', 'rtsp_transport', 'tls_fingerprint'])
  t.strictSame(differences(live.settings, { ...live.settings, rtsp: 'rtsp://10.0.0.1/a', pubFps: 5 }), [
    'rtsp',
    'pubFps',
  ])
})
