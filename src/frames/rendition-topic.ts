// Names of renditions: `name` for the camera's own settings, `name@320w5fps` for others. Pure.

import { CAMERA_NAME, cameraSettings } from '../camera-settings.js'

/** Maximum number of renditions of one camera at once, including its own. */
export const MAX_RENDITIONS = 8

export interface RenditionTopic {
  camera: string
  /** null: the camera's own settings. */
  size: { width: number; fps: number } | null
}

const { scaleWidth, pubFps } = cameraSettings.shape
const RENDITION = /^(\d{1,4})w(\d{1,3}(?:\.\d)?)fps$/

/** `name@320w5fps`; width 0 keeps the camera's own. */
export function renditionTopic(camera: string, width: number, fps: number): string {
  return `${camera}@${width}w${Math.round(fps * 10) / 10}fps`
}

/** @returns null if the text is not a topic of the gateway. */
export function parseTopic(topic: string): RenditionTopic | null {
  const at = topic.indexOf('@')
  const camera = at < 0 ? topic : topic.slice(0, at)
  if (!CAMERA_NAME.test(camera)) return null
  if (at < 0) return { camera, size: null }
  const match = RENDITION.exec(topic.slice(at + 1))
  if (!match) return null
  const width = Number(match[1])
  const fps = Number(match[2])
  return scaleWidth.safeParse(width).success && pubFps.safeParse(fps).success ? { camera, size: { width, fps } } : null
}
