// A camera's stats between two sessions, and what is known of its video over several. Pure.

import type { PipelineStats } from '../native.js'
import type { VideoFormat } from '../types.js'

export const NO_STATS: PipelineStats = {
  fps: 0,
  ageMs: null,
  accessUnits: 0,
  gateDropped: 0,
  encoded: 0,
  late: 0,
  overwritten: 0,
  width: 0,
  height: 0,
  gopLength: 0,
  bFrames: false,
  beganWithKey: false,
  decoding: false,
}

export const UNKNOWN_FORMAT: VideoFormat = { width: null, height: null, gopLength: null, bFrames: null }

// Fewer frames do not prove that there are no B-frames.
const ENOUGH_FRAMES = 25

/** `known`, with what a session's stats say. */
export function updatedFormat(known: VideoFormat, stats: PipelineStats): VideoFormat {
  if (stats.accessUnits === 0) return known
  return {
    width: stats.width || known.width,
    height: stats.height || known.height,
    gopLength: stats.gopLength || known.gopLength,
    bFrames: stats.bFrames || (stats.accessUnits > ENOUGH_FRAMES ? false : known.bFrames),
  }
}
