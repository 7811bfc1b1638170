// How a camera numbers its frames.

import t from 'tap'
import { FrameOutput } from '../../src/cameras/frame-output.js'
import type { NativeFrame } from '../../src/native.js'
import type { Frame } from '../../src/types.js'

t.test('the numbers of a rendition continue when it comes back; of many, only the last are remembered', async (t) => {
  const put: Frame[] = []
  const output = new FrameOutput('a', { put: (frame) => void put.push(frame), forget: () => undefined })
  const numbers = (id: string) => {
    output.encode([{ id, width: 160, fps: 5, jpegQuality: 80 }])
    for (let i = 0; i < 2; i++) output.put({ rendition: id } as NativeFrame)
    return put.splice(0).map(({ seq }) => seq)
  }
  t.strictSame(numbers('a@1'), [0, 1])
  for (let i = 2; i < 64; i++) numbers(`a@${i}`)
  t.strictSame(numbers('a@1'), [2, 3])
  for (let i = 100; i < 164; i++) numbers(`a@${i}`)
  t.strictSame(numbers('a@1'), [0, 1], 'forgotten')
})

t.test('a JPEG that was made before its last reader left is not put: it would look current later', async (t) => {
  const put: Frame[] = []
  const output = new FrameOutput('a', { put: (frame) => void put.push(frame), forget: () => undefined })
  const rendition = { id: 'a', width: 160, fps: 5, jpegQuality: 80 }
  output.encode([{ ...rendition, jpeg: true }])
  output.encode([{ ...rendition, jpeg: false }]) // The readers of the lane stay.
  output.put({ rendition: 'a' } as NativeFrame)
  t.strictSame(put, [])
  output.encode([{ ...rendition, jpeg: true }])
  output.put({ rendition: 'a' } as NativeFrame)
  t.strictSame(
    put.map(({ seq }) => seq),
    [0],
  )
})
