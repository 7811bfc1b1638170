// The one estimate of how much memory decoding a camera and encoding its renditions takes. Pure.

import type { Announced } from '../native.js'

const MIB = 1024 * 1024
// Measured with H.264 of 720p and 4K with one reference picture. A rendition is scaled, converted, and encoded, and its
// JPEGs wait for readers.
const DECODING = { mb: 16, bytesPerPixel: 10 }
const RENDITION = { mb: 2, bytesPerPixel: 5 }
/** For a camera whose pictures are not known yet. */
const USUAL_WIDTH = 1920
export const USUAL_PIXELS = USUAL_WIDTH * 1080

/** What is known of a camera's pictures. */
export interface Pictures {
  /** null: unknown. */
  announced: Announced | null
  /** As shown; null: unknown. */
  width: number | null
}

/** Of the stream to expect. */
export function decoderPixels({ announced }: Pictures): number {
  return announced?.decoderPixels ?? USUAL_PIXELS
}

/** MiB that a decoder takes. */
export function decodingMb(pictures: Pictures): number {
  return DECODING.mb + (DECODING.bytesPerPixel * decoderPixels(pictures)) / MIB
}

/** MiB that a rendition takes besides. @param width 0, or more than the camera's: the camera's. */
export function renditionMb(pictures: Pictures, width: number): number {
  const own = pictures.width ?? USUAL_WIDTH
  const scale = width === 0 ? 1 : Math.min(1, width / own)
  const pixels = pictures.announced?.largestPicture ?? USUAL_PIXELS
  return RENDITION.mb + (RENDITION.bytesPerPixel * pixels * scale ** 2) / MIB
}
