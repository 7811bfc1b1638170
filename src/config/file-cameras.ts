// The cameras of framegate.yaml: checks them, and fills in the gateway's defaults.

import { CAMERA_NAME, cameraSettings, fileCameraJson, fromJson, type CameraSettings } from '../camera-settings.js'
import type { CameraHosts } from '../cameras/camera-hosts.js'
import { parseCameraUrl } from '../cameras/camera-url.js'
import { messageOf } from '../errors.js'
import { checkAll, expectedOf, shown } from '../validate.js'
import type { CameraEntry, ConfigFile, Entry } from './config-file.js'
import { hasReference } from './references.js'

export interface CameraRules {
  /** For what a camera leaves out. */
  defaults: Pick<CameraSettings, 'pubFps' | 'scaleWidth' | 'jpegQuality'>
  hosts: CameraHosts
  maxCameras: number
}

/** All cameras that are valid. Adds the others to the file's problems. */
export function camerasOf(file: ConfigFile, { defaults, hosts, maxCameras }: CameraRules): CameraSettings[] {
  const cameras: CameraSettings[] = []
  /** By address without credentials: the gateway pulls each address once. */
  const taken = new Map<string, CameraEntry>()
  for (const entry of file.cameras) {
    const camera = cameraOf(entry, file, defaults)
    if (camera === null) continue
    const complain = (message: string) =>
      file.problems.add(entry.fields.get('rtsp')?.line ?? entry.line, `cameras.${entry.name}.rtsp: ${message}`)
    const url = parseCameraUrl(camera.rtsp)
    const other = taken.get(url.key)
    if (other) complain(`expected an address of its own; camera ${other.name} (line ${other.line}) has this one`)
    taken.set(url.key, entry)
    try {
      hosts.check(url)
    } catch (error) {
      complain(messageOf(error))
    }
    cameras.push(camera)
  }
  const tooMany = file.cameras[maxCameras]
  if (tooMany) file.problems.add(tooMany.line, `cameras: expected ${maxCameras} at most (MAX_CAMERAS)`)
  return cameras
}

function cameraOf(entry: CameraEntry, { problems }: ConfigFile, defaults: object): CameraSettings | null {
  const { name, line, fields } = entry
  const named = CAMERA_NAME.test(name)
  if (!named)
    problems.add(line, `cameras: expected a name of ${expectedOf(cameraSettings.shape.name)}; got ${shown(name)}`)
  const json = Object.fromEntries([...fields].map(([key, field]) => [key, acceptable(key, field)]))
  const written = Object.fromEntries([...fields].map(([key, field]) => [key, field.written]))
  const checked = checkAll(fileCameraJson, json, 'setting', written)
  if ('value' in checked)
    return named ? cameraSettings.parse({ ...defaults, ...defined(fromJson({ ...checked.value, name })) }) : null
  for (const { field, message } of checked.complaints)
    if (!fields.get(field)?.unresolved)
      problems.add(
        fields.get(field)?.line ?? line,
        `cameras.${name}${message.startsWith(field) ? '.' : ': '}${message}`,
      )
  return null
}

/** What a reference stands for is text; the setting may need a number, or true or false. */
function acceptable(key: string, { value, written }: Entry): unknown {
  const schema = fileCameraJson.shape[key as keyof typeof fileCameraJson.shape]
  if (typeof value !== 'string' || !hasReference(String(written)) || schema === undefined) return value
  const others = [value, Number(value), value === 'true' ? true : value === 'false' ? false : value]
  return others.find((other) => schema.safeParse(other).success) ?? value
}

const defined = (values: object) =>
  Object.fromEntries(Object.entries(values).filter(([, value]: [string, unknown]) => value !== undefined))
