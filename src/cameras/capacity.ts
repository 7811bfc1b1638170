// How many cameras this process can have, and whether it can have one more session now. GLib and GStreamer end the
// process if they get no file descriptor or thread, and the kernel ends it at its limit of memory, so the gateway asks first.

import { SourceError } from '../errors.js'
import { MEMORY } from '../memory.js'
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

// MiB that must be left to begin a session. A camera that was live needs less than a new one, so that it gets its place back.
const NEEDED_MB = { returning: 48, fresh: 96 }
// What a session takes, with MediaMTX's part, and how soon.
const TAKES_MB = 16
const TAKES_WITHIN_MS = 5000

/** What the process cannot have so many more of; null if it can. */
export type Headroom = (descriptors: number, threads: number) => 'descriptors' | 'threads' | null

const SHORT = {
  descriptors: 'file descriptors (ulimit -n)',
  threads: 'threads (ulimit -u, the limit of processes of its container or service, or memory)',
  memory: MEMORY,
}

let beginning = 0

/**
 * @param memoryLeftMb in MiB.
 * @param returning whether the camera was live before.
 * @returns a function to call at the end of the session. @throws SourceError ERR_PIPELINE_BUILD if a session would bring
 * the process to its limits.
 */
export function enterSession(headroom: Headroom, memoryLeftMb: number, returning: boolean): () => void {
  const neededMb = (returning ? NEEDED_MB.returning : NEEDED_MB.fresh) + TAKES_MB * beginning
  const short = memoryLeftMb < neededMb ? 'memory' : headroom(SESSION.descriptors, SESSION.threads)
  if (short)
    throw new SourceError(
      'ERR_PIPELINE_BUILD',
      `the gateway is short of ${SHORT[short]}; stop other cameras or raise the limit`,
    )
  beginning++
  const taken = once(() => beginning--)
  setTimeout(taken, TAKES_WITHIN_MS).unref()
  return taken
}

function once(run: () => void): () => void {
  let done = false
  return () => {
    if (!done) run()
    done = true
  }
}
