// The cameras of the gateway, by name.

import { jsonKey, type CameraSettings } from '../camera-settings.js'
import { RequestError } from '../errors.js'
import type { CameraOwner, CameraState } from '../types.js'
import { Camera, type CameraDeps } from './camera.js'
import { EventLog } from './event-log.js'
import { differences } from './start-notes.js'

export class CameraList {
  readonly #cameras = new Map<string, Camera>()
  #closed = false

  /** @param onFirstLive called when a camera is live that has never been. */
  constructor(
    readonly deps: CameraDeps,
    readonly onFirstLive: (camera: Camera) => void,
  ) {}

  get(name: string): Camera | undefined {
    return this.#cameras.get(name)
  }

  all(): Camera[] {
    return [...this.#cameras.values()]
  }

  byKey(key: string): Camera | undefined {
    return this.all().find((camera) => camera.url.key === key)
  }

  /** How many run: those that were set aside do not. */
  get running(): number {
    return this.all().filter((camera) => camera.state !== 'stopped').length
  }

  /**
   * @param by who asks.
   * @param old the camera that this one replaces. Its log goes on.
   * @throws RequestError ERR_CLOSED
   */
  add(settings: CameraSettings, beenLive: boolean, owner: CameraOwner, by: string | null, old?: Camera): Camera {
    if (this.#closed) throw new RequestError('ERR_CLOSED', 'the gateway is shutting down')
    const log = old?.eventLog ?? new EventLog()
    const camera = new Camera(settings, this.deps, beenLive, owner, log)
    if (old) log.add({ kind: 'replaced', changed: differences(old.settings, settings).map(jsonKey), by })
    else log.add({ kind: 'started', by })
    this.#cameras.set(settings.name, camera)
    const onState = (state: CameraState) => {
      if (state !== 'live') return
      camera.off('state', onState)
      this.onFirstLive(camera)
    }
    if (!beenLive) camera.on('state', onState)
    return camera
  }

  remove(name: string): void {
    this.#cameras.delete(name)
  }

  /** From now on, none can be added. */
  close(): void {
    this.#closed = true
  }
}
