// The wire format, version 1 (docs/wire-format.md).

import { randomBytes } from 'node:crypto'
import type { Frame } from '../types.js'

export const WIRE_VERSION = 1

/** Identifies this run of the gateway: seq and times of two runs cannot be compared. */
const RUN = randomBytes(8).toString('hex')

/** One part: topic, 0x00, header length (u32 LE), header (JSON), JPEG. */
export function encodeFrameMessage(frame: Frame, run = RUN): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      v: WIRE_VERSION,
      camera: frame.camera,
      run,
      seq: frame.seq,
      width: frame.width,
      height: frame.height,
      source_width: frame.sourceWidth,
      source_height: frame.sourceHeight,
      received_at_us: frame.receivedAtUs,
      published_at_us: frame.publishedAtUs,
      captured_at_us: frame.capturedAtUs,
    }),
  )
  const topic = Buffer.from(frame.topic, 'ascii')
  const lengths = Buffer.alloc(5)
  lengths.writeUInt32LE(header.length, 1)
  return Buffer.concat([topic, lengths, header, frame.jpegBytes])
}
