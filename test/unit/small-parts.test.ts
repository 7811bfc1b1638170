import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startRequestJson } from '../../src/camera-settings.js'
import { Backoff } from '../../src/cameras/backoff.js'
import { createLogger } from '../../src/logger.js'
import { isOlder } from '../../src/mediamtx/binary.js'
import { check } from '../../src/validate.js'
import { ROOT } from '../helpers/paths.js'

t.test('the wait between tries grows to its cap, with jitter, and never past it', async (t) => {
  const longest = new Backoff(() => 1)
  t.strictSame(
    Array.from({ length: 6 }, () => longest.nextMs('ERR_SOURCE_READ')),
    [250, 500, 1000, 2000, 2000, 2000],
  )
  const shortest = new Backoff(() => 0)
  t.ok(shortest.nextMs('ERR_SOURCE_READ') > 0)
  longest.reset()
  t.equal(longest.nextMs('ERR_SOURCE_READ'), 250)
  t.equal(longest.nextMs('ERR_SOURCE_UNAUTHORIZED'), 30000, 'refused credentials wait, accounts get locked')
})

t.test('no log line shows credentials, and levels are kept', async (t) => {
  const lines: string[] = []
  const logger = createLogger('info', (line) => lines.push(line))
  logger.debug('not this')
  logger.warn('camera at rtsp://admin:secret@h/ is away')
  t.equal(lines.length, 1)
  t.match(lines[0], /warn {2}camera at rtsp:\/\/\*\*\*@h\/ is away\n$/)
})

t.test('versions are compared by number', async (t) => {
  t.ok(isOlder('1.9.3', '1.20.1'))
  t.ok(isOlder('1.20.0', '1.20.1'))
  t.notOk(isOlder('1.20.1', '1.20.1'))
  t.notOk(isOlder('2.0.0', '1.20.1'))
})

t.test('a complaint names the field, what was expected and what came, and no password', async (t) => {
  const schema = startRequestJson.pick({ name: true, rtsp: true, pub_fps: true })
  const complaint = (value: unknown) => {
    const checked = check(schema, value, 'field')
    return 'complaint' in checked ? checked.complaint.message : null
  }
  const good = { name: 'a', rtsp: 'rtsp://h/s' }
  t.equal(complaint(good), null)
  t.match(complaint({ ...good, pub_fps: '20' }), /^pub_fps: expected frames a second.*; got "20"$/)
  t.match(complaint({ ...good, pub_fps: 0.15 }), /^pub_fps: /)
  t.match(complaint({ ...good, name: 'a b' }), /^name: expected 1 to 64 letters/)
  t.match(complaint({ ...good, name: 'all' }), /^name: /)
  t.match(complaint({ rtsp: 'rtsp://h/' }), /^name: .*; it is missing$/)
  t.match(complaint({ ...good, fsp: 1 }), /^unknown field "fsp"; known are name, rtsp, pub_fps$/)
  t.match(complaint({ ...good, rtsp: 'http://u:secret@h/' }), /^rtsp: expected an address that begins with rtsp/)
  t.notMatch(complaint({ ...good, rtsp: 'http://u:secret@h/' }), /secret/)
  // Passwords that make an address none, and one that would be cut before its @.
  for (const rtsp of [
    'rtsp://u:se/cret@h/',
    'rtsp://u:se cret@h/',
    'rtsp://u:se?cret@h:x/',
    'u:cret@h/s',
    `http://u:cret${'x'.repeat(90)}@h/`,
    'rtsp://u:cret%0d%0aX:1@h/',
  ]) {
    t.match(complaint({ ...good, rtsp }), /^rtsp: .*; got "[a-z:/]*\*\*\*@h/, rtsp)
    t.notMatch(complaint({ ...good, rtsp }), /cret/)
    t.notMatch(complaint({ ...good, name: rtsp }), /cret/)
    t.notMatch(complaint([rtsp]), /cret/)
  }
  t.match(complaint({ ...good, name: 'cam@1' }), /got "cam@1"$/)
  for (const rtsp of [
    '',
    'rtsp://\ud800@h/',
    'rtsp://u%00@h/',
    'rtsp://',
    'rtsp:///x',
    'rtsp://h:99999/',
    'file:///etc/passwd',
    'rtsp://h/a b',
    'rtsp://h/\nx',
    `rtsp://h/${'x'.repeat(3000)}`,
    5,
    null,
  ]) {
    t.match(complaint({ ...good, rtsp }), /^rtsp: /, JSON.stringify(rtsp)?.slice(0, 40))
  }
  for (const value of [null, 5, 'x', [], undefined])
    t.match(complaint(value), /expected a JSON object|it is missing/, JSON.stringify(value))
})

t.test('both native builds read one list of sources, and every file of it is there', async (t) => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'native/build.json'), 'utf8'))
  for (const key of ['core_sources', 'addon_sources', 'test_camera_sources']) {
    t.ok(manifest[key].length > 0)
    for (const source of manifest[key]) t.ok(existsSync(join(ROOT, source)), source)
  }
  t.match(readFileSync(join(ROOT, 'binding.gyp'), 'utf8'), 'build.json')
  t.match(readFileSync(join(ROOT, 'CMakeLists.txt'), 'utf8'), 'build.json')
})
