// Reads the frame number that the test camera draws along the top of its picture as dark and light cells: 32 bits and a
// CRC-8 (native/test_camera/picture.h).

import jpeg from 'jpeg-js'

const CELLS = 40

/** @returns null if the picture has no valid number. */
export function frameNumber(jpegBytes: Buffer): number | null {
  const { width, height, data } = jpeg.decode(jpegBytes, { useTArray: true, formatAsRGBA: true })
  const row = Math.max(1, Math.floor(height / 24))
  const bits: number[] = []
  for (let cell = 0; cell < CELLS; cell++) {
    const x = Math.floor(((cell + 0.5) * width) / CELLS)
    bits.push(data[(row * width + x) * 4 + 1]! > 125 ? 1 : 0)
  }
  const value = bits.slice(0, 32).reduce((number, bit) => number * 2 + bit, 0)
  const crc = bits.slice(32).reduce((number, bit) => number * 2 + bit, 0)
  return crc8(value) === crc ? value : null
}

function crc8(number: number): number {
  let crc = 0xff
  for (const shift of [24, 16, 8, 0]) {
    crc ^= (number >>> shift) & 0xff
    for (let i = 0; i < 8; i++) crc = (crc & 0x80 ? (crc << 1) ^ 0x07 : crc << 1) & 0xff
  }
  return crc
}
