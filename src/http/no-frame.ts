// The error for a reader that would wait in vain.

import { RequestError } from '../errors.js'
import type { CameraView } from '../types.js'

export interface Source {
  topic: string
  camera: CameraView
}

export function noFrame({ name, state, lastError }: CameraView): RequestError {
  const why = lastError?.message ?? `the camera is ${state}`
  return new RequestError('ERR_FRAME_UNAVAILABLE', `camera "${name}" has no fresh frame: ${why}`)
}

/** @throws RequestError ERR_FRAME_UNAVAILABLE if all cameras are known to refuse, or none of these topics can be encoded. */
export function requireHope(sources: Source[]): void {
  const [first] = sources
  if (!first) return
  if (sources.every(({ camera }) => camera.refusal !== null)) throw noFrame(first.camera)
  const reasons = sources.map(({ topic, camera }) => camera.whyNotEncoded(topic) ?? camera.refusal?.message)
  if (reasons.includes(undefined)) return
  throw new RequestError('ERR_FRAME_UNAVAILABLE', `${first.topic} is not encoded: ${reasons[0]}`)
}
