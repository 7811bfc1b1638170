// How long to wait before the next session of a camera. Pure, apart from the random numbers.

// The cap ensures frames within 5 s of a camera's return.
const FIRST_MS = 250
const CAP_MS = 2000
const CAPS_MS: Record<string, number> = {
  ERR_NO_KEY_FRAME: 1000, // A healthy camera, of which a new session gets a key frame.
  ERR_SOURCE_TLS: 30_000, // Someone has to compare its certificate first.
}
/** For a camera that must be configured differently first. */
const UNSUPPORTED_MS = 60_000
// Cameras lock an account after 3 to 7 wrong passwords within 30 minutes: one attempt in the first minute, three in 30.
const REFUSED_MS = [120_000, 300_000, 1_800_000]

export class Backoff {
  #failures = 0
  #refusals = 0

  constructor(readonly random: () => number = Math.random) {}

  /** The delay in ms, with jitter so that cameras do not all reconnect at once. */
  nextMs(code: string): number {
    if (code === 'ERR_SOURCE_UNAUTHORIZED') return REFUSED_MS[Math.min(this.#refusals++, REFUSED_MS.length - 1)]!
    if (code === 'ERR_CODEC_UNSUPPORTED') return UNSUPPORTED_MS
    const limit = Math.min(CAPS_MS[code] ?? CAP_MS, FIRST_MS * 2 ** this.#failures++)
    return Math.round(limit * (0.25 + 0.75 * this.random()))
  }

  /** The camera has accepted the credentials. */
  accepted(): void {
    this.#refusals = 0
  }

  reset(): void {
    this.#failures = 0
  }
}
