// A camera's stats between sessions, and what is known about its video across sessions. Pure.

import type { PipelineStats } from '../native.js'
import type { VideoFormat } from '../types.js'

export const NO_STATS: PipelineStats = {
  fps: 0,
  ageMs: null,
  accessUnits: 0,
  gateDropped: 0,
  encoded: 0,
  lent: 0,
  late: 0,
  overwritten: 0,
  width: 0,
  height: 0,
  gopLength: 0,
  bFrames: false,
  beganWithKey: false,
  decoding: 'no',
  waitingForKeyMs: null,
  cpuPercent: null,
  pauses: false,
}

export const UNKNOWN_FORMAT: VideoFormat = { width: null, height: null, gopLength: null, bFrames: null }

// With fewer frames, there may still be B-frames.
const ENOUGH_FRAMES = 25

/** `known`, updated with a session's stats. */
export function updatedFormat(known: VideoFormat, stats: PipelineStats): VideoFormat {
  if (stats.accessUnits === 0) return known
  return {
    width: stats.width || known.width,
    height: stats.height || known.height,
    gopLength: stats.gopLength || known.gopLength,
    bFrames: stats.bFrames || (stats.accessUnits > ENOUGH_FRAMES ? false : known.bFrames),
  }
}
