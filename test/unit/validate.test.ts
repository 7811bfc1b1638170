// Error messages for invalid settings and requests.

import t from 'tap'
import { startRequestJson } from '../../src/camera-settings.js'
import { check } from '../../src/validate.js'

t.test('a complaint names the field, what was expected and what came, but no password', async (t) => {
  const schema = startRequestJson.pick({ name: true, rtsp: true, pub_fps: true })
  const complaint = (value: unknown) => {
    const checked = check(schema, value, 'field')
    return 'complaint' in checked ? checked.complaint.message : null
  }
  const good = { name: 'a', rtsp: 'rtsp://h/s' }
  t.equal(complaint(good), null)
  t.match(complaint({ ...good, pub_fps: '20' }), /^pub_fps: expected a number of frames per second.*; got "20"$/)
  t.match(complaint({ ...good, pub_fps: 0.15 }), /^pub_fps: /)
  t.match(complaint({ ...good, name: 'a b' }), /^name: expected 1 to 64 letters/)
  t.match(complaint({ ...good, name: 'all' }), /^name: /)
  t.match(complaint({ rtsp: 'rtsp://h/' }), /^name: .*; the field is missing$/)
  t.match(complaint({ ...good, fsp: 1 }), /^unknown field "fsp"; expected one of name, rtsp, pub_fps$/)
  t.match(complaint({ ...good, rtsp: 'http://u:secret@h/' }), /^rtsp: expected an address that begins with rtsp/)
  t.notMatch(complaint({ ...good, rtsp: 'http://u:secret@h/' }), /secret/)
  t.equal(complaint({ ...good, rtsp: 'rtsp://u:se/cr et@h/' }), null) // camera-address.test.ts has more.
  // Passwords that make the address invalid, and one that would be cut off before its @.
  for (const rtsp of [
    'rtsp://u:se?cret@h:x/',
    'u:cret@h:x/s',
    `http://u:cret${'x'.repeat(90)}@h/`,
    'rtsp://u:cret%0d%0aX:1@h/',
  ]) {
    t.match(complaint({ ...good, rtsp }), /^rtsp: expected /, rtsp)
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
  for (const value of [null, 5, 'x', [], undefined]) {
    t.match(complaint(value), /^expected a JSON object with name, rtsp, pub_fps, got (null|5|"x"|\[\]|undefined)$/)
  }
})
