// Camera addresses as people type them. The Python client reads the same table.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import { readCameraAddress, withScheme } from '../../src/camera-address.js'
import { startRequestJson } from '../../src/camera-settings.js'
import { parseCameraUrl } from '../../src/cameras/camera-url.js'
import { redact } from '../../src/redact.js'
import { check } from '../../src/validate.js'
import { ROOT } from '../helpers/paths.js'

interface Table {
  bare: { typed: string; address: string }[]
  accepted: { typed: string; user: string; password: string; address: string }[]
  /** `says`: part of the error. */
  refused: { typed: string; says: string }[]
}
const { bare, accepted, refused } = JSON.parse(
  readFileSync(join(ROOT, 'test/data/camera-addresses.json'), 'utf8'),
) as Table

t.test('an address without a scheme gets one; a name and a file do not', async (t) => {
  for (const { typed, address } of bare) t.equal(withScheme(typed), address, typed)
})

t.test('credentials are read as they were typed, and shown to no one', async (t) => {
  for (const { typed, user, password, address } of accepted) {
    const read = readCameraAddress(typed)
    if ('problem' in read) {
      t.fail(`${typed}: ${read.problem}`)
      continue
    }
    t.strictSame(parseCameraUrl(read.address), { key: address, user, password }, typed)
    t.strictSame(readCameraAddress(read.address), read, 'encoded, it is the same address')
    const shown = redact(read.address).toLowerCase()
    const masked = user === '' && password === '' ? '' : '***@'
    t.ok(shown.startsWith(`${new URL(address).protocol}//${masked}`), shown)
    if (password.length > 1) t.notOk(shown.includes(password.toLowerCase()), shown)
  }
})

t.test(
  'the JSON Schema of an address admits what the gateway accepts, and no name, file or other scheme',
  async (t) => {
    const pattern = new RegExp(String(z.toJSONSchema(startRequestJson.shape.rtsp).pattern), 'u')
    for (const { typed } of accepted) t.match(typed, pattern)
    for (const typed of ['', ' ', 'rtsp://', 'rtsp:// ', 'yard', './a.mp4', '/dev/video0', 'http://192.168.1.10/'])
      t.notMatch(typed, pattern)
  },
)

t.test('an address that cannot be read says what to write, and nothing of the password', async (t) => {
  for (const { typed, says } of refused) {
    const checked = check(startRequestJson, { name: 'a', rtsp: typed }, 'field')
    const message = 'complaint' in checked ? checked.complaint.message : 'accepted'
    t.match(message, /^rtsp: /, typed)
    t.ok(message.includes(says), `${typed}: ${message}`)
    t.notMatch(message, /S3CRET/)
  }
})
