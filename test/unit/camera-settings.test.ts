import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cameraSettings, cameraSettingsJson, fromJson, startRequestJson, toJson } from '../../src/camera-settings.js'
import { check } from '../../src/validate.js'
import { ROOT } from '../helpers/paths.js'

const REQUIRED = { name: 'a', rtsp: 'rtsp://h/s' }

t.test('settings convert to JSON and back, with the names of the API', async (t) => {
  const settings = cameraSettings.parse({ ...REQUIRED, pubFps: 12.5, rtspTransport: 'udp' })
  const json = toJson(settings)
  t.strictSame(json, {
    name: 'a',
    rtsp: 'rtsp://h/s',
    pub_fps: 12.5,
    scale_width: 640,
    jpeg_quality: 80,
    camera_time: false,
    rtsp_transport: 'udp',
    tls_fingerprint: null,
  })
  t.strictSame(fromJson(cameraSettingsJson.parse(json)), settings)
})

t.test('a request does not fill in defaults', async (t) => {
  t.strictSame(fromJson(startRequestJson.parse(REQUIRED)), REQUIRED)
})

t.test('limits match the reference', async (t) => {
  const refused = (fields: object) => 'complaint' in check(startRequestJson, { ...REQUIRED, ...fields }, 'field')
  for (const good of [0, 16, 7680]) t.notOk(refused({ scale_width: good }), `scale_width ${good}`)
  for (const bad of [1, 15, 7681, -1, 16.5]) t.ok(refused({ scale_width: bad }), `scale_width ${bad}`)
  for (const good of [0.1, 120, 29.9]) t.notOk(refused({ pub_fps: good }), `pub_fps ${good}`)
  for (const bad of [0, 0.09, 120.1, 29.97]) t.ok(refused({ pub_fps: bad }), `pub_fps ${bad}`)
  for (const good of [1, 100]) t.notOk(refused({ jpeg_quality: good }), `jpeg_quality ${good}`)
  for (const bad of [0, 101, 1.5]) t.ok(refused({ jpeg_quality: bad }), `jpeg_quality ${bad}`)
})

t.test('the reference has a row for every setting', async (t) => {
  const rows = readFileSync(join(ROOT, 'docs/http-api.md'), 'utf8').split('\n')
  for (const [key, schema] of Object.entries(startRequestJson.shape)) {
    const row = `| \`${key}\` | ${schema.isOptional() ? '' : 'required'} | ${schema.description} |`
    t.ok(rows.includes(row), `docs/http-api.md: ${row}`)
  }
})
