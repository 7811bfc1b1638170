// The lane for readers on this machine (docs/lane-format.md): where its socket is, and which topics its readers want.

import { randomInt } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { messageOf } from '../errors.js'
import { memoryLimitMb } from '../memory.js'
import type { Lane, NativeAddon } from '../native.js'
import { isRunning } from '../processes.js'
import type { Logger } from '../types.js'

const FORMATS = ['bgr', 'rgb', 'gray', 'i420', 'nv12']
const OF_PROCESS = /^lane-pid(\d+)\.sock$/

export interface LaneSettings {
  /** LANE_SOCKET: a path, or "off"; empty: chosen here. */
  laneSocket: string
  /** LANE_MEMORY, in MiB. */
  laneMemory: number
  httpPort: number
}

export interface LaneEndpoint {
  socket: string
  /** Shows the lane that a reader means this gateway. */
  key: number
  topic: string
  formats: string[]
}

/** What the lane reports to the frame hub. */
export interface LaneDemand {
  setLaneReaders(list: { topic: string; readers: number }[]): void
  onForget: (topic: string) => void
}

export class LocalLane {
  /** null: there is none. */
  readonly lane: Lane | null = null
  readonly #socket: string
  readonly #memoryBytes: number
  readonly #key = randomInt(2 ** 32)

  constructor(
    native: NativeAddon,
    settings: LaneSettings,
    maxReaders: number,
    frames: LaneDemand,
    logger: Logger,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.#socket = settings.laneSocket || defaultSocket(settings.httpPort, env)
    this.#memoryBytes = Math.floor(Math.min(settings.laneMemory, memoryLimitMb() / 8) * 1024 * 1024)
    if (settings.laneSocket === 'off') return
    try {
      if (settings.laneSocket === '') makeFolder(dirname(this.#socket))
      const options = {
        socket: this.#socket,
        memoryBytes: this.#memoryBytes,
        maxReaders,
        key: this.#key,
      }
      const lane = new native.Lane(options, () => frames.setLaneReaders(lane.readers()))
      frames.onForget = (topic) => lane.forget(topic)
      this.lane = lane
    } catch (error) {
      const problem = `${this.#socket}: ${messageOf(error)}`
      logger.warn(`local readers get JPEGs over ZeroMQ, because the lane cannot open ${problem} (LANE_SOCKET)`)
    }
  }

  /** For the HTTP API. */
  endpoint(topic: string): LaneEndpoint | null {
    return this.lane ? { socket: this.#socket, key: this.#key, topic, formats: FORMATS } : null
  }

  /** null without a lane. */
  memory(): { usedBytes: number; maxBytes: number; dropped: number } | null {
    if (!this.lane) return null
    return { usedBytes: this.lane.memoryBytes(), maxBytes: this.#memoryBytes, dropped: this.lane.dropped() }
  }

  /** How many readers there are. */
  get readers(): number {
    return (this.lane?.readers() ?? []).reduce((sum, { readers }) => sum + readers, 0)
  }

  close(): void {
    this.lane?.close()
  }
}

/** One path for each HTTP port, so that two gateways of a user do not meet. */
function defaultSocket(httpPort: number, env: NodeJS.ProcessEnv): string {
  const name = httpPort === 0 ? `lane-pid${process.pid}.sock` : `lane-${httpPort}.sock`
  // RUNTIME_DIRECTORY: systemd has made it for this service.
  if (env.RUNTIME_DIRECTORY) return join(env.RUNTIME_DIRECTORY.split(':')[0]!, name)
  if (env.XDG_RUNTIME_DIR) return join(env.XDG_RUNTIME_DIR, 'framegate', name)
  return join(tmpdir(), `framegate-${process.getuid?.()}`, name)
}

/** Makes the folder, and removes what gateways on any free port left in it when they were killed. */
function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o750 })
  const { uid, mode } = lstatSync(folder)
  // Another user may have made it first, in /tmp.
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
    throw new Error(`${folder} must belong to this user, and no other user may write to it`)
  for (const name of readdirSync(folder)) {
    const pid = Number(OF_PROCESS.exec(name)?.[1])
    if (pid > 0 && !isRunning(pid)) rmSync(join(folder, name), { force: true })
  }
}
