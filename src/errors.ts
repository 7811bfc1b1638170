// Error classes and their codes. Codes are API: see docs/http-api.md.

import { redact } from './redact.js'

/** Base of all errors that the gateway tells somebody about; no message holds credentials. */
export class FramegateError extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** HTTP status that fits. */
    readonly status = 500,
    options?: ErrorOptions,
  ) {
    super(redact(message), options)
    this.name = new.target.name
  }
}

/** A wrong setting: exit status 2. */
export class ConfigError extends FramegateError {
  constructor(message: string) {
    super('ERR_CONFIG_INVALID', message, 400)
  }
}

/** The native addon cannot be used: exit status 3. */
export class AddonLoadError extends FramegateError {
  constructor(message: string, cause?: unknown) {
    super('ERR_ADDON_LOAD', message, 500, { cause })
  }
}

/** An address cannot be bound: exit status 4. */
export class BindError extends FramegateError {
  constructor(message: string, cause?: unknown) {
    super('ERR_BIND', message, 500, { cause })
  }
}

/** The request is wrong; the message names the field and what was expected. */
export class RequestError extends FramegateError {
  constructor(message: string, code = 'ERR_REQUEST_INVALID', status = 400) {
    super(code, message, status)
  }
}

export class ConflictError extends FramegateError {
  constructor(code: string, message: string) {
    super(code, message, 409)
  }
}

export class NotFoundError extends FramegateError {
  constructor(message: string, code = 'ERR_CAMERA_NOT_FOUND') {
    super(code, message, 404)
  }
}

/** There is no frame to give; the camera's reason is in the message. */
export class FrameError extends FramegateError {
  constructor(message: string) {
    super('ERR_FRAME_UNAVAILABLE', message, 503)
  }
}

/** Why a camera cannot be had: ERR_SOURCE_..., ERR_CODEC_UNSUPPORTED, ERR_MEDIAMTX_... */
export class SourceError extends FramegateError {
  constructor(code: string, message: string) {
    super(code, message, 502)
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
