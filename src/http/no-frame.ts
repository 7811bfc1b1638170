// The error for a reader that would wait in vain.

import { RequestError } from '../errors.js'
import type { CameraView } from '../types.js'

export function noFrame({ name, state, lastError }: CameraView): RequestError {
  const why = lastError?.message ?? `the camera is ${state}`
  return new RequestError('ERR_FRAME_UNAVAILABLE', `camera "${name}" has no fresh frame: ${why}`)
}

/** @throws RequestError ERR_FRAME_UNAVAILABLE if all of these cameras are known to refuse. */
export function requireHope(cameras: CameraView[]): void {
  const [first] = cameras
  if (first !== undefined && cameras.every((camera) => camera.refusal !== null)) throw noFrame(first)
}
