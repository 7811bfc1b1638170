// A test camera process (native/test_camera), controlled through its stdin.

import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { TEST_CAMERA } from './paths.js'
import { freePort } from './ports.js'
import { until } from './wait.js'

export interface CameraStats {
  active: number
  total: number
  connections: number
  open_connections: number
  frames: number
  describes: number
}

export class TestCamera {
  url = ''
  port = 0
  /** `active` and `total` are those of the last `session` event. */
  active = 0
  total = 0
  /** With --report-frames: when each frame was sent, in microseconds since 1970. */
  readonly sentAtUs = new Map<number, number>()
  /** With --report-frames: when each picture was passed to the encoder, in microseconds since 1970. */
  readonly madeAtUs = new Map<number, number>()
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  #stats: CameraStats | null = null
  #answer: Record<string, unknown> | null = null
  #stderr = ''

  private constructor(args: string[]) {
    this.#child = spawn(TEST_CAMERA, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', resolve)
      this.#child.once('error', () => resolve(null))
    })
    this.#child.stdin!.on('error', () => undefined)
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#onEvent(JSON.parse(line)))
  }

  /** @param options the program's options without the dashes; true for a flag without a value. */
  static async start(options: Record<string, string | number | true> = {}): Promise<TestCamera> {
    const port = options.port ?? (await freePort())
    const args = Object.entries({
      ...('file' in options ? {} : { width: 640, height: 360 }),
      ...options,
      port,
    }).flatMap(([key, value]) => (value === true ? [`--${key}`] : [`--${key}`, String(value)]))
    const camera = new TestCamera(args)
    let over = false
    void camera.#exited.then(() => (over = true))
    await until('the test camera to start', () => {
      if (over) throw new Error(`it ended: ${camera.#stderr}`)
      return camera.url !== ''
    })
    return camera
  }

  async stats(): Promise<CameraStats> {
    this.#stats = null
    this.#child.stdin!.write('stats\n')
    return until('the counts of the test camera', () => this.#stats)
  }

  /** A command of docs/test-camera.md, such as "fault loss 1". Resolves when it has taken effect. */
  async command(line: string): Promise<void> {
    this.#answer = null
    this.#child.stdin!.write(`${line}\n`)
    const answer = await until(`the test camera to run "${line}"`, () => this.#answer)
    if (answer.event === 'error') throw new Error(String(answer.message))
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  #onEvent(event: Record<string, unknown>): void {
    if (event.event === 'ready') {
      this.port = Number(event.port)
      this.url = String(event.url)
    } else if (event.event === 'session') {
      this.active = Number(event.active)
      this.total = Number(event.total)
    } else if (event.event === 'done' || event.event === 'error') {
      this.#answer = event
    } else if (event.event === 'stats') {
      this.#stats = event as unknown as CameraStats
    } else if (event.event === 'sent') {
      this.sentAtUs.set(Number(event.frame), Number(event.at_us))
      this.madeAtUs.set(Number(event.frame), Number(event.captured_us))
    }
  }
}
