// How many cameras this process can have, and whether it can have one more session or rendition now. GLib and GStreamer end
// the process if they get no file descriptor or thread, and the kernel ends it at its limit of memory, so the gateway asks first.

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
// What a session takes, with MediaMTX's part, without decoding.
const TAKES_MB = 16
// What must be left after a rendition has begun: connections and the lane need some.
const SPARE_MB = 48
// How soon what was granted is in use, and so in what the kernel reports.
const TAKES_WITHIN_MS = 5000

/** What the process cannot have so many more of; null if it can. */
export type Headroom = (descriptors: number, threads: number) => 'descriptors' | 'threads' | null

const SHORT = {
  descriptors: 'file descriptors (ulimit -n)',
  threads: 'threads (limited by ulimit -u, by its container or service, or by memory)',
  memory: MEMORY,
}

/** MiB that were granted, and are not in use yet. */
let expectedMb = 0

/**
 * @param memoryLeftMb in MiB.
 * @param returning whether the camera was live before.
 * @param decodingMb MiB that decoding it will take at once, because it has readers already.
 * @returns a function to call at the end of the session. @throws SourceError ERR_PIPELINE_BUILD if a session would bring
 * the process to its limits.
 */
export function enterSession(headroom: Headroom, memoryLeftMb: number, returning: boolean, decodingMb = 0): () => void {
  const neededMb = (returning ? NEEDED_MB.returning : NEEDED_MB.fresh) + decodingMb + expectedMb
  const short = memoryLeftMb < neededMb ? 'memory' : headroom(SESSION.descriptors, SESSION.threads)
  if (short)
    throw new SourceError(
      'ERR_PIPELINE_BUILD',
      `the gateway is short of ${SHORT[short]}; stop other cameras or raise the limit`,
    )
  return expectMemory(TAKES_MB + decodingMb)
}

/** Why renditions that take so many MiB cannot begin now; null if they can. */
export function shortForRenditions(memoryLeftMb: number, mb: number): string | null {
  if (memoryLeftMb >= SPARE_MB + expectedMb + mb) return null
  return `the gateway is short of ${MEMORY}: it needs ${Math.ceil(mb)} MB more; ask for a smaller picture, stop other readers or cameras, or raise the limit`
}

/** Counts this memory as taken until the kernel's figures show it. @returns a function that ends this earlier. */
export function expectMemory(mb: number): () => void {
  expectedMb += mb
  const taken = once(() => (expectedMb -= mb))
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
