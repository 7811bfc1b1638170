// What stands between the gateway and a camera, and one path of it.

import type { EventEmitter } from 'node:events'
import { RelayCannotError, type SourceError } from '../errors.js'

export interface RelayEvents {
  /** The relay could not pull this path, or lost it. */
  'path-error': [name: string, error: SourceError]
}

export interface PathOptions {
  cameraTime: boolean
  transport: 'tcp' | 'udp'
  /** The camera's certificate must have it; null: an authority must vouch for the certificate. */
  tlsFingerprint: string | null
  /** The gateway reads the path; otherwise it takes the packets before they reach the relay. */
  gatewayReads: boolean
}

/** What stands between the gateway and the camera: MediaMTX, or nothing. */
export interface Relay extends EventEmitter<RelayEvents> {
  /** false: the gateway pulls every camera directly. */
  readonly enabled: boolean
  /** It is the gateway's own MediaMTX, which emits `path-error`, and can pull from the gateway's local ports. */
  readonly managed: boolean
  /** Resolves when the relay responds, and readUrl() is known. @throws SourceError after a time limit */
  untilReady(signal: AbortSignal): Promise<void>
  /** Makes the relay connect to the camera, or reconnect if it already has. @throws SourceError */
  addPath(name: string, source: string, options: PathOptions, signal: AbortSignal): Promise<void>
  /** Never throws. */
  removePath(name: string): Promise<void>
  /** Where the gateway itself reads the path. */
  readUrl(name: string): string
}

export interface WatchedPath {
  /** The last error that the relay reported for the path. */
  error: SourceError | null
  /** Calls the listener for each error, including one that has already been reported. */
  onError(listener: (error: SourceError) => void): void
  close(): void
}

function isConnectionError(error: SourceError): boolean {
  if (error instanceof RelayCannotError) return false
  return error.code === 'ERR_SOURCE_READ' || error.code === 'ERR_SOURCE_UNREACHABLE'
}

/** @param throughFront the relay pulls from a port of the gateway, so errors of its connection say nothing about the camera. */
export function watchPath(relay: Relay, name: string, throughFront: boolean): WatchedPath {
  let listener: (error: SourceError) => void = () => undefined
  const onPathError = (path: string, error: SourceError) => {
    if (path !== name || (throughFront && isConnectionError(error))) return
    watched.error = error
    listener(error)
  }
  const watched: WatchedPath = {
    error: null,
    onError(onError) {
      listener = onError
      if (watched.error) onError(watched.error)
    },
    close: () => relay.off('path-error', onPathError),
  }
  relay.on('path-error', onPathError)
  return watched
}
