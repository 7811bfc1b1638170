// Makes the cameras of framegate.yaml those that run, and touches no others.

import type { CameraSettings } from '../camera-settings.js'
import type { CameraOwner } from '../types.js'
import type { Camera } from './camera.js'
import type { CameraList } from './camera-list.js'
import { parseCameraUrl, type CameraUrl } from './camera-url.js'
import type { StoppingCameras } from './stopping.js'

/** What the rules need to know about a camera. */
interface RunningCamera {
  readonly name: string
  readonly url: CameraUrl
  readonly settings: CameraSettings
  readonly owner: CameraOwner
}

export interface FileChanges<Camera> {
  /** No longer in the file, or in the way: of another owner, with the name or the address of a camera of the file. */
  stop: Camera[]
  /** Of the file, with other settings now. */
  replace: { camera: Camera; settings: CameraSettings }[]
  add: CameraSettings[]
}

/**
 * Ends what is no longer in the file or in its way, and adds what is new or has other settings.
 * @param onStopped called for each camera that ends and is not replaced: one of the file, or of another owner in its way.
 * @returns the cameras to start.
 * @throws RequestError ERR_CLOSED
 */
export async function takeOver(
  wanted: CameraSettings[],
  cameras: CameraList,
  stopping: StoppingCameras,
  onStopped: (camera: Camera) => void,
): Promise<Camera[]> {
  for (const { name, rtsp } of wanted) await stopping.untilFree(name, parseCameraUrl(rtsp).key)
  // Nothing waits from here until names and addresses are held.
  const { stop, replace, add } = fileChanges(cameras.all(), wanted)
  for (const camera of stop) {
    onStopped(camera)
    cameras.remove(camera.name)
  }
  const ending = [...stop, ...replace.map(({ camera }) => camera)]
  const begin = [...replace, ...add.map((settings) => ({ settings, camera: undefined }))]
  // All end before the first begins: two may have exchanged their addresses.
  const added = Promise.all(ending.map((camera) => camera.stop())).then(() =>
    begin.map(({ settings, camera }) => cameras.add(settings, true, 'file', null, camera)),
  )
  const keys = [...ending.map(({ url }) => url.key), ...begin.map(({ settings }) => parseCameraUrl(settings.rtsp).key)]
  stopping.add([...ending.map(({ name }) => name), ...begin.map(({ settings }) => settings.name)], keys, added)
  return added
}

/** For the log, about a camera of another owner. */
export const TAKEN = 'removed from the saved cameras, since framegate.yaml has a camera with its name or address'

/** Pure. Cameras of the file whose settings are the same are in none of the lists. */
export function fileChanges<Camera extends RunningCamera>(
  running: Camera[],
  wanted: CameraSettings[],
): FileChanges<Camera> {
  const changes: FileChanges<Camera> = { stop: [], replace: [], add: [] }
  const wantedKeys = new Set(wanted.map(({ rtsp }) => parseCameraUrl(rtsp).key))
  const wantedNames = new Set(wanted.map(({ name }) => name))
  for (const camera of running) {
    const { owner, name, url } = camera
    const inTheWay = owner !== 'file' && (wantedNames.has(name) || wantedKeys.has(url.key))
    if (inTheWay || (owner === 'file' && !wantedNames.has(name))) changes.stop.push(camera)
  }
  for (const settings of wanted) {
    const camera = running.find(({ owner, name }) => owner === 'file' && name === settings.name)
    if (!camera) changes.add.push(settings)
    else if (!sameSettings(camera.settings, settings)) changes.replace.push({ camera, settings })
  }
  return changes
}

function sameSettings(a: CameraSettings, b: CameraSettings): boolean {
  return (Object.keys(a) as (keyof CameraSettings)[]).every((key) => a[key] === b[key])
}
