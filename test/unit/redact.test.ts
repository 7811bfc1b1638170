import t from 'tap'
import { redact } from '../../src/redact.js'

t.test('redact removes credentials from any text', async (t) => {
  t.equal(redact('dial rtsp://admin:secret@10.0.0.1/s failed'), 'dial rtsp://***@10.0.0.1/s failed')
  t.notMatch(redact('rtsp://u:p@ss@w@h:554/x?y=z@1'), /ss@w|u:p/)
  t.equal(redact('http://host/a@b'), 'http://host/a@b', 'an @ in a path is none')
  t.equal(redact('a rtsp://x:y@h/ and RTSPS://x:y@h/'), 'a rtsp://***@h/ and RTSPS://***@h/')
})
