// The gateway's own MediaMTX: its environment with a password for this run, its process, and why it did not start.

import { randomBytes } from 'node:crypto'
import { BindError, FramegateError } from '../errors.js'
import { inUse } from '../port-holder.js'
import type { Logger } from '../types.js'
import { LISTENERS, portOf, reachable } from './addresses.js'
import { ControlApi } from './control-api.js'
import { Sidecar } from './sidecar.js'

export interface ManagedSettings {
  /** MEDIAMTX_API, of which the managed one takes host and port; undefined: the default. */
  mediamtxApi?: string | undefined
  /** MEDIAMTX_RTSP, of which the managed one takes the port; undefined: the default. */
  mediamtxRtsp?: string | undefined
}

export interface ManagedOptions {
  binary: string
  configFile: string
  /** The gateway's own environment: its MTX_* variables reach MediaMTX. */
  env: NodeJS.ProcessEnv
  logger: Logger
}

export interface Managed {
  api: ControlApi
  sidecar: Sidecar
  /** The error for a start that failed, from MediaMTX's last words. */
  startError: (why: string) => FramegateError
}

/** Prepares the process, without starting it. */
export function managedMediaMtx(settings: ManagedSettings, options: ManagedOptions): Managed {
  // The API shows camera passwords, so only the gateway may use it: the password exists
  // for this run only, in the environment of the child.
  const password = randomBytes(18).toString('base64url')
  const env = managedEnvironment(settings, options.env, password)
  return {
    api: new ControlApi(`http://framegate:${password}@${reachable(env.MTX_APIADDRESS)}`),
    sidecar: new Sidecar({ ...options, env }),
    startError: (why) => startError(env, why),
  }
}

/** An MTX_* variable of the gateway comes first, then its settings, then mediamtx.yaml. */
export function managedEnvironment(settings: ManagedSettings, env: NodeJS.ProcessEnv, password: string) {
  const api = settings.mediamtxApi === undefined ? LISTENERS.MTX_APIADDRESS : new URL(settings.mediamtxApi).host
  const rtspPort = settings.mediamtxRtsp === undefined ? '' : new URL(settings.mediamtxRtsp).port
  return {
    ...(rtspPort === '' ? {} : { MTX_RTSPADDRESS: `:${rtspPort}` }),
    ...env,
    MTX_APIADDRESS: env.MTX_APIADDRESS ?? api,
    MTX_API: 'yes',
    MTX_LOGSTRUCTURED: 'yes',
    MTX_LOGDESTINATIONS: 'stdout',
    MTX_AUTHINTERNALUSERS_1_USER: 'framegate',
    MTX_AUTHINTERNALUSERS_1_PASS: password,
  }
}

/** MediaMTX says which port is in use; the error adds which setting moves it. */
export function startError(env: NodeJS.ProcessEnv, why: string): FramegateError {
  const listen = /listen (tcp|udp)\d? \S*?:(\d+): bind: address already in use/.exec(why)
  if (!listen) return new FramegateError('ERR_MEDIAMTX_START', `MediaMTX did not start: ${why}`)
  const [, protocol, port = ''] = listen
  const listener = Object.entries(LISTENERS).find(([name, address]) => portOf(env[name] ?? address) === port)
  const setting = listener?.[0] ?? 'its MTX_...ADDRESS variable'
  return new BindError(
    `MediaMTX cannot use port ${port} (${protocol}): ${inUse(Number(port), protocol as 'tcp' | 'udp')}; ` +
      `set ${setting} to another address, or MEDIAMTX=external to use the MediaMTX that is there`,
  )
}
