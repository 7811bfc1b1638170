import t from 'tap'
import { redact } from '../../src/redact.js'

t.test('redact removes credentials from any text', async (t) => {
  t.equal(redact('dial rtsp://admin:secret@10.0.0.1/s failed'), 'dial rtsp://***@10.0.0.1/s failed')
  t.notMatch(redact('rtsp://u:p@ss@w@h:554/x?y=z@1'), /ss@w|u:p/)
  t.equal(redact('http://host/a@b'), 'http://host/a@b', 'an @ in a path is none')
  t.equal(redact('a rtsp://x:y@h/ and RTSPS://x:y@h/'), 'a rtsp://***@h/ and RTSPS://***@h/')
})

t.test('redact takes credentials out of paths and queries', async (t) => {
  const cases: [string, string][] = [
    [
      'rtsp://h/user=admin_password=S3CRET_channel=1_stream=0.sdp?real_stream',
      'rtsp://h/user=***_password=***_channel=1_stream=0.sdp?real_stream',
    ],
    ['http://h/user=admin&password=S3/CRET&channel=1', 'http://h/user=***&password=***&channel=1'],
    ['got "h/live?user=a&password=S3_a=CRET&ch=2"', 'got "h/live?user=***&password=***&ch=2"'],
    ['{"rtsp":"rtsp://h/?Token=S3\\"CRET"}', '{"rtsp":"rtsp://h/?Token=***"}'],
    ['rtsp://h:554/0/admin:S3CRET/main', 'rtsp://h:554/0/***/main'],
    ['rtsp://h/rtsp//admin:S3CRET@camera/main', 'rtsp://h/rtsp//***@camera/main'],
    ['rtsp://h/admin:S3CRET@camera/main', 'rtsp://h/***/main'],
    ['rtsp://u:S3CRET@h/x?pwd=S3CRET#y', 'rtsp://***@h/x?pwd=***'],
  ]
  for (const [text, shown] of cases) t.equal(redact(text), shown)
  for (const text of ['at file:///app/dist/main.js:12:5', 'http://h:8889/a/whep', 'monkey=1 keyframe=2 users=3'])
    t.equal(redact(text), text)
})
