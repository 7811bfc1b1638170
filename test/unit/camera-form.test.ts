// What the page's camera form sends, and how it words errors.

import t from 'tap'
import type { Camera, StartAnswer, StartRequest } from '../../clients/react/page/api-types.js'
import { isMasked, missingIn, problemOf, requestOf, startNote } from '../../clients/react/page/form-rules.js'

const values = { name: ' a ', rtsp: '10.0.0.1/s', pub_fps: '12,5', scale_width: '' }
const running = { name: 'a', source: 'rtsp://***@10.0.0.1/s' } as Camera

t.test('the request holds what was typed, and only Edit replaces', async (t) => {
  t.strictSame(requestOf(values, undefined), {
    name: 'a',
    rtsp: '10.0.0.1/s',
    pub_fps: 12.5,
    scale_width: undefined,
    retry: true,
    replace: undefined,
  })
  t.equal(requestOf({ ...values, rtsp: running.source }, running).rtsp, running.source, 'the masked address stays')
  t.equal(requestOf(values, running).replace, true)
})

t.test('the form says what is missing before it asks the gateway', async (t) => {
  t.equal(missingIn(values, undefined), null)
  t.match(missingIn({ ...values, name: ' ' }, undefined), { field: 'name', message: 'Enter a name' })
  t.match(missingIn({ ...values, rtsp: '' }, undefined), { field: 'rtsp', message: /Enter/ })
  t.equal(missingIn({ ...values, rtsp: running.source }, running), null, 'an unchanged masked address is complete')
  for (const rtsp of ['rtsp://***@10.0.0.2/s', 'rtsp://***@10.0.0.1/other', '***@10.0.0.1/s'])
    t.match(missingIn({ ...values, rtsp }, running), { field: 'rtsp', message: /user:password/ }, rtsp)
  t.match(
    missingIn({ ...values, rtsp: running.source }, undefined),
    { field: 'rtsp' },
    'another form has no such camera',
  )
  t.ok(isMasked(running.source))
})

t.test('an error is shown at its field, without the value that stands there', async (t) => {
  t.strictSame(problemOf('name: expected 1 to 64 letters; got ""', 'ERR_FIELD_INVALID'), {
    field: 'name',
    message: 'Expected 1 to 64 letters',
  })
  t.strictSame(problemOf('pub_fps: expected a number; got "a; b"', 'ERR_FIELD_INVALID'), {
    field: 'pub_fps',
    message: 'Expected a number',
  })
  t.equal(problemOf('rtsp: expected an address; the field is missing', '').message, 'Expected an address')
  t.strictSame(problemOf('the camera has another address', 'ERR_NAME_IN_USE'), {
    field: 'name',
    message: 'The camera has another address',
  })
  t.equal(problemOf('the gateway is shutting down', 'ERR_CLOSED').field, null)
  t.equal(
    problemOf('name: camera "a" uses another; send "replace": true to change it', 'ERR_NAME_IN_USE').message,
    'Camera "a" uses another; use the camera’s Edit button to change it',
  )
})

t.test('the page says what a start did other than asked', async (t) => {
  const request = { name: 'lobby' } as StartRequest
  const note = (more: Partial<StartAnswer>) =>
    startNote(request, { name: 'yard', source: 'rtsp://a/', ignored: [], replaced: null, ...more } as StartAnswer)
  t.equal(note({}), null)
  t.equal(note({ replaced: 'rtsp://a/' }), null, 'only the password was corrected')
  t.match(note({ replaced: 'rtsp://b/' }), 'yard had another address before: rtsp://b/')
  t.match(note({ ignored: ['name'] }), /already runs as yard; the name lobby was not used/)
})
