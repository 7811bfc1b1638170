// Error classes. Their codes are in error-codes.ts.

import type { CameraErrorCode, ErrorCode } from './error-codes.js'
import { redact } from './redact.js'

/** Base of all errors that users see. Messages never hold credentials. */
export class FramegateError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(redact(message), options)
    this.name = new.target.name
  }
}

/** A setting is invalid: exit status 2. */
export class ConfigError extends FramegateError {
  constructor(message: string) {
    super('ERR_CONFIG_INVALID', message)
  }
}

/** The native addon cannot be used: exit status 3. */
export class AddonLoadError extends FramegateError {
  constructor(message: string, cause?: unknown) {
    super('ERR_ADDON_LOAD', message, { cause })
  }
}

/** An address cannot be bound: exit status 4. */
export class BindError extends FramegateError {
  constructor(message: string, cause?: unknown) {
    super('ERR_BIND', message, { cause })
  }
}

/** A request is invalid or cannot be fulfilled. The HTTP status follows from the code. */
export class RequestError extends FramegateError {}

/** Why a camera delivers nothing: ERR_SOURCE_..., ERR_CODEC_UNSUPPORTED, ERR_MEDIAMTX_... */
export class SourceError extends FramegateError {
  constructor(
    override readonly code: CameraErrorCode,
    message: string,
  ) {
    super(code, message)
  }
}

/** MediaMTX cannot carry this camera as it is. The gateway may be able to pull it directly. */
export class RelayCannotError extends SourceError {}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The code of an error of Framegate, Node or the system. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
