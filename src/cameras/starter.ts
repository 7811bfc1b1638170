// Starts cameras: one on request, or all of a list in steps. Sets a camera aside whose start has ended the process.

import { setTimeout as pause } from 'node:timers/promises'
import { SourceError } from '../errors.js'
import type { Camera } from './camera.js'
import { MOST_CRASHES, type StartMarks } from './start-marks.js'

// A start that has ended the process has done so within this time, or before the first frame.
const SURVIVED_MS = 5000
// The first cameras of a list start at once, then one at a time, so that not all load the machine at the same moment.
const AT_ONCE = 4
const STEP_MS = 100

export class Starter {
  #closed = false

  constructor(
    readonly marks: StartMarks,
    readonly survivedMs = SURVIVED_MS,
  ) {}

  /** Resolves when the start is marked. @param force start it also if it was set aside. */
  async start(camera: Camera, force = false): Promise<void> {
    if (!force && this.marks.crashes(camera.name) >= MOST_CRASHES) {
      const message = `the gateway crashed ${MOST_CRASHES} times while starting this camera, so it skips it`
      return camera.setAside(new SourceError('ERR_SET_ASIDE', message))
    }
    if (this.#closed) return
    await this.marks.begin(camera.name)
    camera.begin()
    void this.#survived(camera)
  }

  /** Call this when all cameras have stopped: a shutdown is not a crash. */
  async close(): Promise<void> {
    this.#closed = true
    await this.marks.close()
  }

  /**
   * Starts those that are suspect last and one by one: the next crash then shows which one it is.
   * @param force start also those that were set aside.
   */
  async startAll(cameras: Camera[], force = false): Promise<void> {
    const suspect = (camera: Camera) => !force && this.marks.crashes(camera.name) >= MOST_CRASHES - 1
    const others = cameras.filter((camera) => !suspect(camera))
    for (const [index, camera] of others.entries()) {
      if (index >= AT_ONCE) await pause(STEP_MS * (0.5 + Math.random()), undefined, { ref: false })
      await this.start(camera, force)
    }
    for (const camera of cameras.filter(suspect)) {
      await this.start(camera)
      if (camera.state === 'connecting') await this.#survived(camera)
    }
  }

  /** Resolves once the camera is live, has stopped, or has not ended the process for some seconds. */
  async #survived(camera: Camera): Promise<void> {
    await new Promise<void>((resolve) => {
      const over = () => {
        clearTimeout(timer)
        camera.off('state', onState)
        resolve()
      }
      const onState = () => void ((camera.state === 'live' || camera.state === 'stopped') && over())
      const timer = setTimeout(over, this.survivedMs).unref()
      camera.on('state', onState)
    })
    if (!this.#closed) await this.marks.end(camera.name)
  }
}
