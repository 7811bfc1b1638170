// What a start did other than asked, for the answer and the log. Pure.

import { jsonKey, type CameraSettings, type StartRequest } from '../camera-settings.js'
import type { StartOutcome } from '../types.js'

/** Who asks, unless that is known. */
export const OWN = 'the gateway'
export const AS_ASKED: StartOutcome = { ignored: [], replaced: null }

interface Running {
  readonly name: string
  readonly settings: CameraSettings
}

/** The settings that a request asks for and that are not so. */
export function differences(settings: CameraSettings, wanted: Partial<StartRequest>): (keyof CameraSettings)[] {
  const keys = Object.keys(settings) as (keyof CameraSettings)[]
  return keys.filter((key) => wanted[key] !== undefined && wanted[key] !== settings[key])
}

/** The fields of a request that a running camera does not follow. It makes a rendition of another size or rate. */
export function ignoredFields({ settings }: Running, request: StartRequest): string[] {
  const followed: (keyof CameraSettings)[] = ['rtsp', 'pubFps', 'scaleWidth']
  return differences(settings, request)
    .filter((key) => !followed.includes(key))
    .map(jsonKey)
}

/** @param ignored at least one field. */
export function ignoredNote(ignored: string[], request: StartRequest, by: string): string {
  const fields = ignored.map((field) => (field === 'name' ? `name "${request.name}"` : field)).join(', ')
  return `is already running, so ${fields} of a start by ${by} had no effect`
}

export function replacedNote({ settings: old }: Running, { settings }: Running, by: string): string {
  return `replaced by ${by}, with another ${differences(old, settings).map(jsonKey).join(', ')}`
}
