import t from 'tap'
import { parseCameraUrl, withCredentials } from '../../src/cameras/camera-url.js'

t.test('the case of scheme and host and the default port do not make another camera', async (t) => {
  const keys = ['rtsp://Host/Path?a=1', 'RTSP://host:554/Path?a=1', 'rtsp://user:pw@HOST/Path?a=1'].map(
    (rtsp) => parseCameraUrl(rtsp).key,
  )
  t.same(new Set(keys).size, 1)
  t.equal(keys[0], 'rtsp://host/Path?a=1')
  t.not(parseCameraUrl('rtsp://host/path').key, parseCameraUrl('rtsp://host/Path').key, 'the path has case')
  t.not(parseCameraUrl('rtsp://host:8554/a').key, parseCameraUrl('rtsp://host/a').key)
  t.equal(parseCameraUrl('rtsps://host:322/a').key, 'rtsps://host/a')
  t.equal(parseCameraUrl('rtsp://[FE80::1]:554/a').key, 'rtsp://[fe80::1]/a')
  t.equal(parseCameraUrl('rtsp://host').key, 'rtsp://host/')
})

t.test('credentials are extracted and decoded, and encoded again for MediaMTX', async (t) => {
  const url = parseCameraUrl('rtsp://admin:p%40ss%2Fw@rd:x@10.0.0.1/s')
  t.equal(url.user, 'admin')
  t.equal(url.password, 'p@ss/w@rd:x')
  t.equal(withCredentials(url), 'rtsp://admin:p%40ss%2Fw%40rd%3Ax@10.0.0.1/s')
  t.equal(withCredentials(parseCameraUrl('rtsp://10.0.0.1/s')), 'rtsp://10.0.0.1/s')
  t.equal(parseCameraUrl('rtsp://u:100%@h/').password, '100%', 'a bare % is no error')
})
