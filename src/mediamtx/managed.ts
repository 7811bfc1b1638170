// The gateway's own MediaMTX: its environment (with a password for this run), its process, and its start errors.

import { randomBytes } from 'node:crypto'
import { BindError, FramegateError } from '../errors.js'
import { inUse } from '../port-holder.js'
import type { Logger } from '../types.js'
import { LISTENERS, portOf, reachable } from './addresses.js'
import { ControlApi } from './control-api.js'
import { Sidecar } from './sidecar.js'

export interface ManagedSettings {
  /** MEDIAMTX_API: sets host and port of the managed API; undefined: the default. */
  mediamtxApi?: string | undefined
  /** MEDIAMTX_RTSP: sets the RTSP port of the managed one; undefined: the default. */
  mediamtxRtsp?: string | undefined
}

export interface ManagedOptions {
  binary: string
  configFile: string
  /** The gateway's own environment; MediaMTX gets it too, with all MTX_* variables. */
  env: NodeJS.ProcessEnv
  logger: Logger
}

export interface Managed {
  api: ControlApi
  sidecar: Sidecar
  /** The error for a failed start, from the last error in MediaMTX's log. */
  startError: (why: string) => FramegateError
}

/** Prepares the process without starting it. */
export function managedMediaMtx(settings: ManagedSettings, options: ManagedOptions): Managed {
  // The API shows camera passwords, so only the gateway may use it: the API password is random for each run, and only
  // the child's environment has it.
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

/** If MediaMTX reports a port in use, the error names the setting that changes the port. */
export function startError(env: NodeJS.ProcessEnv, why: string): FramegateError {
  const listen = /listen (tcp|udp)\d? \S*?:(\d+): bind: address already in use/.exec(why)
  if (!listen) return new FramegateError('ERR_MEDIAMTX_START', `MediaMTX did not start: ${why}`)
  const [, protocol, port = ''] = listen
  const listener = Object.entries(LISTENERS).find(([name, address]) => portOf(env[name] ?? address) === port)
  const setting = listener?.[0] ?? 'the MTX_...ADDRESS variable of this port'
  return new BindError(
    `MediaMTX cannot listen on port ${port} (${protocol}): ${inUse(Number(port), protocol as 'tcp' | 'udp')}; ` +
      `set ${setting} to another address, or MEDIAMTX=external to use a MediaMTX that is already running`,
  )
}
