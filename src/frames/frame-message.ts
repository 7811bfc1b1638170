// The wire format, version 1 (docs/wire-format.md).

import { randomBytes } from 'node:crypto'
import type { Frame } from '../types.js'

export const WIRE_VERSION = 1

/** Identifies this run of the gateway: seq and times of two runs cannot be compared. */
const RUN = randomBytes(8).toString('hex')

/** One part: topic, 0x00, header length (u32 LE), header (JSON), JPEG. */
export function encodeFrameMessage(frame: Frame, run = RUN): Buffer {
  const { topic, jpegBytes } = frame
  const header = JSON.stringify({
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
  })
  // Topic and header are ASCII: camera names are.
  const message = Buffer.allocUnsafe(topic.length + 5 + header.length + jpegBytes.length)
  let at = message.write(topic, 0, 'latin1')
  at = message.writeUInt8(0, at)
  at = message.writeUInt32LE(header.length, at)
  at += message.write(header, at, 'latin1')
  message.set(jpegBytes, at)
  return message
}
