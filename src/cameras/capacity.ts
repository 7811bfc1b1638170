// How many cameras this process can have, and whether it can have one more session now. GLib and GStreamer end the
// process if they get no file descriptor or thread, so the gateway asks first.

import { SourceError } from '../errors.js'
import type { ProcessLimits } from '../process-limits.js'

// Of a camera that is pulled directly and decoded in several sizes, and of the gateway and its MediaMTX without cameras.
const PER_CAMERA = { descriptors: 16, threads: 14 }
const BASE = { descriptors: 80, threads: 40 }
// The rest is for connections (process-limits.ts).
const CAMERA_SHARE = 5 / 8
/** For one session, with room for connections that arrive meanwhile. */
const SESSION = { descriptors: 48, threads: 16 }

/** @param configured MAX_CAMERAS. */
export function cameraLimit(configured: number, limits: ProcessLimits): number {
  const byDescriptors = (limits.descriptors * CAMERA_SHARE - BASE.descriptors) / PER_CAMERA.descriptors
  const byThreads = (limits.threads - BASE.threads) / PER_CAMERA.threads
  return Math.max(1, Math.floor(Math.min(configured, byDescriptors, byThreads)))
}

/** What the process cannot have so many more of; null if it can. */
export type Headroom = (descriptors: number, threads: number) => 'descriptors' | 'threads' | null

const SHORT = {
  descriptors: 'file descriptors (ulimit -n)',
  threads: 'threads (ulimit -u, the limit of processes of its container or service, or memory)',
}

/** @throws SourceError ERR_PIPELINE_BUILD if a session would bring the process to its limits. */
export function requireRoom(headroom: Headroom): void {
  const short = headroom(SESSION.descriptors, SESSION.threads)
  if (short)
    throw new SourceError(
      'ERR_PIPELINE_BUILD',
      `the gateway is short of ${SHORT[short]}; stop other cameras or raise the limit`,
    )
}
