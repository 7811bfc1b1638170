// Reports to the program that started the gateway, such as systemd, as in sd_notify(3): ready, alive, stopping. Without
// NOTIFY_SOCKET it does nothing.

import type { CameraState } from './types.js'

export interface SupervisedCamera {
  readonly state: CameraState
  /** Blocks while the camera's own threads hang. */
  stats(): unknown
}

export class Supervisor {
  readonly #socket: string
  readonly #watchdogMs: number
  #timer: NodeJS.Timeout | null = null
  #send: ((message: string) => void) | null = null

  /** Takes the variables of the protocol from the environment, so that MediaMTX does not inherit them. */
  constructor(env: NodeJS.ProcessEnv, pid = process.pid) {
    const { NOTIFY_SOCKET = '', WATCHDOG_USEC = '', WATCHDOG_PID = String(pid) } = env
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
    this.#socket = NOTIFY_SOCKET
    this.#watchdogMs = WATCHDOG_PID === String(pid) ? (Number(WATCHDOG_USEC) || 0) / 1000 : 0
  }

  /**
   * The gateway runs. From now on, it is reported alive while its event loop and its cameras respond.
   * @param notify sends one message to a socket.
   */
  ready(notify: (socket: string, message: string) => void, cameras: () => SupervisedCamera[]): void {
    if (this.#socket === '') return
    this.#send = (message) => notify(this.#socket, message)
    this.#send(`READY=1\n${statusOf(cameras())}`)
    // Twice within the limit, and twice a minute for the status.
    const everyMs = Math.min(this.#watchdogMs > 0 ? this.#watchdogMs / 2 : Infinity, 30000)
    this.#timer = setInterval(() => {
      const list = cameras()
      for (const camera of list) camera.stats()
      this.#send?.(`${statusOf(list)}${this.#watchdogMs > 0 ? '\nWATCHDOG=1' : ''}`)
    }, everyMs)
    this.#timer.unref()
  }

  stopping(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#send?.('STOPPING=1\nSTATUS=shutting down')
    this.#send = null
  }
}

function statusOf(cameras: SupervisedCamera[]): string {
  return `STATUS=${cameras.filter(({ state }) => state === 'live').length} of ${cameras.length} cameras live`
}
