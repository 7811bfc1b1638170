// The gateway's own MediaMTX: its environment, its process, and its start errors.

import { BindError, FramegateError } from '../errors.js'
import { inUse } from '../port-holder.js'
import type { Logger } from '../types.js'
import { LISTENERS, moved, onHost, portOf, reachable, READER_LISTENERS } from './addresses.js'
import type { OwnAccess } from './auth-hook.js'
import { ControlApi } from './control-api.js'
import type { ReaderFronts } from './reader-front.js'
import { Sidecar } from './sidecar.js'

export interface ManagedSettings {
  /** HTTP_HOST: where the ports for readers listen; undefined: 127.0.0.1. */
  httpHost?: string | undefined
  /** PORT_OFFSET: moves the default ports. */
  portOffset?: number
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
  hook: Hook
  fronts: ReaderFronts
}

/** Whom MediaMTX asks before it serves anyone. */
export interface Hook {
  address: string
  /** The API shows camera passwords, so only the gateway may use it. */
  own: OwnAccess
}

export interface Managed {
  api: ControlApi
  sidecar: Sidecar
  /** The error for a failed start, from the last error in MediaMTX's log. */
  startError: (why: string) => FramegateError
}

/** Prepares the process without starting it. @throws BindError */
export async function managedMediaMtx(settings: ManagedSettings, options: ManagedOptions): Promise<Managed> {
  const { own } = options.hook
  const env = await options.fronts.open(managedEnvironment(settings, options.env, options.hook))
  return {
    api: new ControlApi(`http://${own.user}:${own.password}@${reachable(env.MTX_APIADDRESS)}`),
    sidecar: new Sidecar({ ...options, env }),
    startError: (why) => startError(env, why),
  }
}

/** The gateway decides who may read. MTX_AUTHHTTPEXCLUDE_0_ACTION=api opens the API to local programs. */
const OTHER_AUTH = /^MTX_AUTH(?!HTTPEXCLUDE_)/

/** An MTX_* variable of the gateway comes first, then its settings, then mediamtx.yaml. */
export function managedEnvironment(
  settings: ManagedSettings,
  env: NodeJS.ProcessEnv,
  hook: Hook,
): NodeJS.ProcessEnv & { MTX_APIADDRESS: string } {
  const { portOffset = 0 } = settings
  const api =
    settings.mediamtxApi === undefined
      ? moved(LISTENERS.MTX_APIADDRESS, portOffset)
      : new URL(settings.mediamtxApi).host
  const rtspPort = settings.mediamtxRtsp === undefined ? '' : new URL(settings.mediamtxRtsp).port
  const given: NodeJS.ProcessEnv = { ...(rtspPort === '' ? {} : { MTX_RTSPADDRESS: `:${rtspPort}` }), ...env }
  const listeners = READER_LISTENERS.map(
    ([name, address]) => [name, given[name] ?? moved(address, portOffset)] as const,
  )
    .filter(([, address]) => address !== '')
    .map(([name, address]) => [name, onHost(address, settings.httpHost ?? '127.0.0.1')])
  return {
    ...Object.fromEntries(Object.entries(given).filter(([name]) => !OTHER_AUTH.test(name))),
    ...(Object.fromEntries(listeners) as NodeJS.ProcessEnv),
    MTX_APIADDRESS: env.MTX_APIADDRESS ?? api,
    MTX_API: 'yes',
    MTX_LOGSTRUCTURED: 'yes',
    MTX_LOGDESTINATIONS: 'stdout',
    MTX_AUTHMETHOD: 'http',
    MTX_AUTHHTTPADDRESS: hook.address,
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
