// What a start request does to the cameras that already run. Pure.

import type { CameraSettings, StartRequest } from '../camera-settings.js'
import { messageOf, RequestError } from '../errors.js'
import { MAX_RENDITIONS, renditionTopic } from '../frames/rendition-topic.js'
import type { CameraError, CameraOwner } from '../types.js'
import type { CameraHosts } from './camera-hosts.js'
import type { CameraUrl } from './camera-url.js'
import { differences } from './start-notes.js'

/** What the rules need to know about a camera. */
export interface RunningCamera {
  readonly name: string
  readonly url: CameraUrl
  readonly settings: CameraSettings
  readonly lastError: Pick<CameraError, 'code'> | null
  /** Whether it has ever been live at this address with these credentials, in this run or an earlier one. */
  readonly everLive: boolean
  /** Whether its credentials may be wrong: it refused them, or has never delivered with them. */
  readonly credentialsInDoubt: boolean
}

export type StartDecision<Camera> =
  { kind: 'add' } | { kind: 'join' | 'replace' | 'credentials-differ'; camera: Camera }

/**
 * @param pulls the camera that pulls this address.
 * @param named the camera that has this name.
 * @throws RequestError ERR_NAME_IN_USE
 */
export function decideStart<Camera extends RunningCamera>(
  request: StartRequest,
  url: CameraUrl,
  pulls: Camera | undefined,
  named: Camera | undefined,
): StartDecision<Camera> {
  const { name, replace = false } = request
  if (pulls) {
    if (replace && named && named !== pulls)
      throw new RequestError(
        'ERR_NAME_IN_USE',
        `name: this address belongs to camera "${pulls.name}", and camera "${name}" has another address; stop one of them, or send the name "${pulls.name}"`,
      )
    if (!sameCredentials(pulls.url, url))
      return { kind: replace || pulls.credentialsInDoubt ? 'replace' : 'credentials-differ', camera: pulls }
    const { tlsFingerprint } = request
    const corrected =
      pulls.lastError?.code === 'ERR_SOURCE_TLS' && tlsFingerprint !== undefined && changes(pulls, { tlsFingerprint })
    return { kind: corrected || (replace && changes(pulls, request)) ? 'replace' : 'join', camera: pulls }
  }
  if (!named) return { kind: 'add' }
  if (!replace && named.everLive)
    throw new RequestError(
      'ERR_NAME_IN_USE',
      `name: camera "${name}" already uses another address; send "replace": true to change it, or choose another name`,
    )
  return { kind: 'replace', camera: named }
}

/** The settings of a camera that replaces another one: what the request leaves out stays as it is. */
export function replacedSettings(old: RunningCamera, request: StartRequest, url: CameraUrl): StartRequest {
  const sent = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
  // Another address has another certificate.
  const kept = old.url.key === url.key ? old.settings : { ...old.settings, tlsFingerprint: null }
  return { ...kept, ...(sent as StartRequest), name: old.name }
}

export function sameCredentials(a: CameraUrl, b: CameraUrl): boolean {
  return a.user === b.user && a.password === b.password
}

/** Whether the request has a setting that the camera does not run with; name and address aside. */
function changes({ settings }: RunningCamera, request: Partial<StartRequest>): boolean {
  return differences(settings, request).some((key) => key !== 'name' && key !== 'rtsp')
}

/**
 * The topic with the size and rate that a request asks of a running camera.
 * @throws RequestError ERR_TOO_MANY_RENDITIONS
 */
export function renditionFor(
  { name, settings, renditionTopics: made }: RunningCamera & { readonly renditionTopics: string[] },
  { pubFps = settings.pubFps, scaleWidth = settings.scaleWidth }: StartRequest,
): { topic: string; pubFps: number; scaleWidth: number } {
  if (pubFps === settings.pubFps && scaleWidth === settings.scaleWidth) return { topic: name, pubFps, scaleWidth }
  const topic = renditionTopic(name, scaleWidth, pubFps)
  if (!made.includes(topic) && made.length >= MAX_RENDITIONS) {
    throw new RequestError(
      'ERR_TOO_MANY_RENDITIONS',
      `scale_width, pub_fps: camera "${name}" already has the maximum of ${MAX_RENDITIONS} sizes and rates; use one of ${made.join(', ')}`,
    )
  }
  return { topic, pubFps, scaleWidth }
}

/** @throws RequestError ERR_OWNED_BY_FILE */
export function requireNotOfFile({ name, owner }: { name: string; owner: CameraOwner }): void {
  if (owner !== 'file') return
  throw new RequestError(
    'ERR_OWNED_BY_FILE',
    `name: camera "${name}" is in the gateway's framegate.yaml; change it there, then reload the file (SIGHUP)`,
  )
}

/** @throws RequestError ERR_TOO_MANY_CAMERAS */
export function requireRoom(running: number, maxCameras: number): void {
  if (running < maxCameras) return
  throw new RequestError(
    'ERR_TOO_MANY_CAMERAS',
    `the gateway already runs its maximum of ${running} cameras; stop one, or raise MAX_CAMERAS or ulimit -n`,
  )
}

/** @throws RequestError ERR_CAMERA_HOST, as far as that is known without name resolution. */
export function requireAllowed(hosts: Pick<CameraHosts, 'check'>, url: CameraUrl): void {
  try {
    hosts.check(url)
  } catch (error) {
    throw new RequestError('ERR_CAMERA_HOST', `rtsp: ${messageOf(error)}`)
  }
}

/** The error of a start with other credentials than a running camera has accepted. */
export function credentialsDiffer(name: string): RequestError {
  return new RequestError(
    'ERR_CREDENTIALS_DIFFER',
    `rtsp: this camera already runs as "${name}" with another user name or password, which it has accepted; correct those given here, or send "replace": true to change them`,
  )
}
