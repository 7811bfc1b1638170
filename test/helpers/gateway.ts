// A gateway process as users start it, on free ports, with its own state file.

import { spawn, type ChildProcess } from 'node:child_process'
import { MAIN, MEDIAMTX } from './paths.js'
import { freePort } from './ports.js'
import { until } from './wait.js'

export interface Reply {
  status: number
  body: any
  headers: Headers
}

// fetch would use the connection again at the moment at which the gateway closes it, 5 s after the last request.
const ALONE = { connection: 'close' }

export interface GatewayOptions {
  stateFile: string
  /** Default: managed if MediaMTX is installed, else off. */
  mediamtx?: 'managed' | 'external' | 'off'
  env?: Record<string, string>
  args?: string[]
  /** A command that runs the gateway: the gateway's own command is appended to it. */
  within?: string[]
}

/** The environment that moves a managed MediaMTX to free ports. */
export async function mediaMtxPorts(): Promise<Record<string, string>> {
  return {
    MTX_RTSPADDRESS: `127.0.0.1:${await freePort()}`,
    MTX_RTSPTRANSPORTS: 'tcp',
    MTX_HLSADDRESS: `127.0.0.1:${await freePort()}`,
    MTX_WEBRTCADDRESS: `127.0.0.1:${await freePort()}`,
    MTX_WEBRTCLOCALUDPADDRESS: `127.0.0.1:${await freePort()}`,
    MTX_APIADDRESS: `127.0.0.1:${await freePort()}`,
  }
}

export class Gateway {
  base = ''
  zmq = ''
  stdout = ''
  log = ''
  readonly #child: ChildProcess
  readonly exited: Promise<{ status: number | null; signal: NodeJS.Signals | null }>
  #over = false

  private constructor(
    readonly options: GatewayOptions,
    readonly env: Record<string, string>,
  ) {
    const [program, ...words] = [...(options.within ?? []), process.execPath, MAIN, ...(options.args ?? [])]
    this.#child = spawn(program!, words, {
      env: { ...cleanEnv(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.log += chunk.toString()))
    this.exited = new Promise((resolve) =>
      this.#child.once('close', (status, signal) => {
        this.#over = true
        resolve({ status, signal })
      }),
    )
  }

  /** Starts without waiting, for starts that are meant to fail. */
  static async spawn(options: GatewayOptions): Promise<Gateway> {
    const mode = options.mediamtx ?? (MEDIAMTX ? 'managed' : 'off')
    return new Gateway(options, {
      HTTP_PORT: '0',
      ZMQ_BIND: 'tcp://127.0.0.1:*',
      STATE_FILE: options.stateFile,
      LOG_FORMAT: 'pretty',
      MEDIAMTX: mode,
      ...(mode === 'managed' ? await mediaMtxPorts() : {}),
      ...options.env,
    })
  }

  static async start(options: GatewayOptions): Promise<Gateway> {
    const gateway = await Gateway.spawn(options)
    await until(
      'the gateway to start',
      () => {
        if (gateway.#over) throw new Error(`it ended: ${gateway.log}`)
        gateway.base = /is running: (\S+)/.exec(gateway.stdout)?.[1] ?? ''
        gateway.zmq = /frames \(ZeroMQ\)\s+([^\s,]+)/.exec(gateway.stdout)?.[1] ?? ''
        return gateway.base !== ''
      },
      { limitMs: 60000 },
    )
    return gateway
  }

  get pid(): number {
    return this.#child.pid!
  }

  async get(path: string): Promise<Reply> {
    const response = await fetch(this.base + path, { headers: ALONE, signal: AbortSignal.timeout(20000) })
    return { status: response.status, body: await response.json(), headers: response.headers }
  }

  /** @param body an object, or text that is sent unchanged. */
  async post(path: string, body: unknown): Promise<Reply> {
    const response = await fetch(this.base + path, {
      method: 'POST',
      headers: ALONE,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(20000),
    })
    return { status: response.status, body: await response.json(), headers: response.headers }
  }

  async camera(name: string): Promise<any> {
    return (await this.get(`/cameras/${name}`)).body.camera
  }

  /** Also for a camera that must be live still: after a second without CPU time it is `stalled` for a moment. */
  async untilState(name: string, state: string, limitMs = 30000): Promise<any> {
    return until(
      `camera ${name} to be ${state}`,
      async () => {
        const camera = await this.camera(name)
        if (camera?.state !== state) throw new Error(`${camera?.state}: ${JSON.stringify(camera?.last_error)}`)
        return camera
      },
      { limitMs },
    )
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Stops it like systemd: SIGTERM, then SIGKILL after 20 s. @returns the exit status. */
  async stop(): Promise<number | null> {
    if (!this.#over) this.kill('SIGTERM')
    const timer = setTimeout(() => this.kill('SIGKILL'), 20000)
    const { status } = await this.exited
    clearTimeout(timer)
    return status
  }
}

/** The environment without the gateway settings of the user who runs the tests. */
export function cleanEnv(): NodeJS.ProcessEnv {
  const own =
    /^(MTX_|MEDIAMTX|ZMQ_|HTTP_(HOST|PORT)|AUTH_TOKENS_FILE|INSECURE_NO_AUTH|ALLOWED_HOSTS|CORS_ORIGINS|TRUST_PROXY|PUB_FPS|SCALE_WIDTH|JPEG_QUALITY|STATE_FILE|CONFIG_FILE|FRAMEGATE_CONFIG|LOG_(LEVEL|FORMAT)|PORT_OFFSET|FORGET_AFTER)/
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !own.test(key) || key === 'MEDIAMTX_BIN'))
}
