// All cameras: starts, stops, finds and lists them, one per address, and saves the list on every change.

import { cameraSettings, type CameraSettings, type StartRequest } from '../camera-settings.js'
import { SourceError } from '../errors.js'
import type { Started } from '../types.js'
import type { Camera, CameraDeps } from './camera.js'
import { CameraList } from './camera-list.js'
import { parseCameraUrl, type CameraUrl } from './camera-url.js'
import { TAKEN, takeOver } from './file-cameras.js'
import { GuessLimit } from './guess-limit.js'
import { Provisional } from './provisional.js'
import { AS_ASKED, ignoredFields, ignoredNote, OWN, replacedNote } from './start-notes.js'
import {
  credentialsDiffer,
  decideStart,
  renditionFor,
  replacedSettings,
  requireAllowed,
  requireNotOfFile,
  requireRoom,
  sameCredentials,
} from './start-rules.js'
import type { Starter } from './starter.js'
import type { CameraStore } from './state-file.js'
import { StoppingCameras } from './stopping.js'

export class CameraRegistry {
  readonly #cameras: CameraList
  readonly #stopping = new StoppingCameras()
  readonly #guesses = new GuessLimit()
  readonly #provisional: Provisional

  constructor(
    readonly deps: CameraDeps,
    readonly store: CameraStore,
    /** For settings that a request leaves out; a setting's own default applies if it is missing here too. */
    public defaults: Partial<CameraSettings>,
    readonly starter: Starter,
    readonly maxCameras: number,
    /** How long a camera that is not kept stays without a reader; 0: for ever. */
    forgetAfterMs = 0,
  ) {
    this.#cameras = new CameraList(deps, ({ name }) => {
      this.#provisional.remove(name)
      void this.#save()
    })
    this.#provisional = new Provisional(forgetAfterMs, deps.frames, (name) => void this.#forget(name))
  }

  /**
   * Adds the cameras of framegate.yaml and the saved ones. Call it before requests can come: each saves the list, and would
   * lose cameras that are not in it yet.
   * @returns how many were saved.
   */
  async restore(fromFile: CameraSettings[] = []): Promise<number> {
    await this.starter.marks.load()
    for (const settings of fromFile) this.#cameras.add(settings, true, 'file', null)
    for (const { neverLive = false, ...settings } of await this.store.load()) {
      const taken = this.#cameras.get(settings.name) ?? this.#cameras.byKey(parseCameraUrl(settings.rtsp).key)
      if (!taken) this.#cameras.add(settings, !neverLive, 'api', null)
      else if (taken.owner === 'file') this.deps.logger.warn(TAKEN, { camera: settings.name })
    }
    return this.list().length - fromFile.length
  }

  /** Starts all that have not begun, in steps, without waiting for that. */
  startAll(): void {
    this.#startSome(this.list(), this.maxCameras)
  }

  /** Makes the cameras of framegate.yaml those of the list. Those whose settings are the same go on undisturbed. @returns the names of those that were started. */
  async useFile(wanted: CameraSettings[]): Promise<string[]> {
    const added = await takeOver(wanted, this.#cameras, this.#stopping, ({ name, owner }) => {
      this.#provisional.remove(name)
      if (owner === 'file') this.deps.logger.info('stopped: it is no longer in framegate.yaml', { camera: name })
      else this.deps.logger.warn(TAKEN, { camera: name })
    })
    this.#startSome(added, this.maxCameras - this.#cameras.running + added.length, true)
    await this.#save()
    return added.map(({ name }) => name)
  }

  get(name: string): Camera | undefined {
    return this.#cameras.get(name)
  }

  list(): Camera[] {
    return this.#cameras.all()
  }

  /**
   * Starts a camera, returns the one that already pulls this address, or replaces one (start-rules.ts).
   * @param by who asks, for the log.
   * @throws RequestError ERR_NAME_IN_USE, ERR_CREDENTIALS_DIFFER, ERR_TOO_MANY_RENDITIONS, ERR_TOO_MANY_CAMERAS, ERR_CAMERA_HOST.
   */
  async start(request: StartRequest, owner: 'api' | 'demo' = 'api', by = OWN): Promise<Started> {
    const url = parseCameraUrl(request.rtsp)
    requireAllowed(this.deps.hosts, url)
    await this.#stopping.untilFree(request.name, url.key)
    // Nothing waits from here until the camera is in the list: two starts of one address make one camera.
    const running = this.#cameras.byKey(url.key)
    if (running && !request.replace) this.#guesses.check(url.key)
    const decision = decideStart(request, url, running, this.#cameras.get(request.name))
    if (decision.kind === 'credentials-differ') this.#refuseCredentials(decision.camera, url, by)
    if (decision.kind === 'replace') {
      requireNotOfFile(decision.camera)
      return this.#replace(decision.camera, request, url, by)
    }
    if (decision.kind === 'join') return this.#join(decision.camera, request, by)
    this.#requireRoom()
    const camera = this.#cameras.add(cameraSettings.parse({ ...this.defaults, ...request }), false, owner, by)
    if (request.keep === false) this.#provisional.add(camera.name)
    return this.#begin(camera, false)
  }

  /**
   * Resolves when the camera has stopped completely.
   * @returns false if no such camera is running.
   * @throws RequestError ERR_OWNED_BY_FILE
   */
  async stop(name: string, by = OWN): Promise<boolean> {
    const camera = this.#cameras.get(name)
    if (camera) requireNotOfFile(camera)
    if (!camera || this.#stopping.hasName(name)) {
      await this.#stopping.untilFree(name, null)
      return camera ? this.stop(name, by) : false // A camera of the list has been replaced.
    }
    this.#remove(name)
    const over = camera.stop()
    this.#stopping.add([name], [camera.url.key], over)
    await Promise.all([over, this.#save()])
    this.deps.logger.info(`stopped by ${by}`, { camera: name })
    return true
  }

  /** Stops all cameras. The saved list does not change. */
  async close(): Promise<void> {
    this.#cameras.close()
    for (const { name } of this.list()) this.#provisional.remove(name)
    await Promise.all([...this.list().map((camera) => camera.stop()), this.#stopping.all()])
    for (const { name } of this.list()) this.#cameras.remove(name)
    await this.starter.close()
  }

  async #startAgain(camera: Camera): Promise<void> {
    this.#requireRoom()
    await this.starter.start(camera, true)
  }

  /** @throws RequestError ERR_TOO_MANY_CAMERAS */
  #requireRoom(): void {
    requireRoom(this.#cameras.running, this.maxCameras)
  }

  /** @param room for how many; the rest is set aside. */
  #startSome(cameras: Camera[], room: number, force = false): void {
    const tooMany = new SourceError('ERR_SET_ASIDE', `more than ${this.maxCameras} cameras are saved (MAX_CAMERAS)`)
    for (const camera of cameras.slice(room)) camera.setAside(tooMany)
    void this.starter.startAll(cameras.slice(0, room), force)
  }

  #remove(name: string): void {
    this.#cameras.remove(name)
    this.#provisional.remove(name)
  }

  async #join(camera: Camera, request: StartRequest, by: string): Promise<Started> {
    const ignored = ignoredFields(camera, request)
    // Programs ask again each time that they open the camera.
    const level = request.keep === false ? 'debug' : 'info'
    if (ignored.length > 0) this.deps.logger[level](ignoredNote(ignored, request, by), { camera: camera.name })
    if (this.#provisional.has(camera.name)) {
      if (request.keep === false) this.#provisional.add(camera.name)
      else await this.#keep(camera.name)
    }
    camera.tryNow(request.retry ?? false)
    if (request.retry && camera.lastError?.code === 'ERR_SET_ASIDE') await this.#startAgain(camera)
    return { camera, ...renditionFor(camera, request), ignored, replaced: null }
  }

  /** The camera stays in the list, under its name, until its replacement takes the place. */
  async #replace(old: Camera, request: StartRequest, url: CameraUrl, by: string): Promise<Started> {
    if (old.state === 'stopped') this.#requireRoom()
    const settings = cameraSettings.parse(replacedSettings(old, request, url))
    const proven = old.everLive && old.url.key === url.key && sameCredentials(old.url, url)
    const next = old.stop().then(() => this.#cameras.add(settings, proven, old.owner, by, old))
    this.#stopping.add([old.name], [old.url.key, url.key], next)
    const camera = await next
    this.deps.logger.info(replacedNote(old, camera, by), { camera: camera.name })
    if (request.keep !== false) this.#provisional.remove(camera.name)
    const ignored = request.name === camera.name ? [] : ['name']
    return this.#begin(camera, true, { ignored, replaced: old.settings.rtsp })
  }

  async #begin(camera: Camera, force: boolean, outcome = AS_ASKED): Promise<Started> {
    await this.#save()
    await this.starter.start(camera, force)
    const { pubFps, scaleWidth } = camera.settings
    return { camera, topic: camera.name, pubFps, scaleWidth, ...outcome }
  }

  #refuseCredentials({ name }: Camera, url: CameraUrl, by: string): never {
    this.#guesses.wrong(url.key, `${url.user}\n${url.password}`)
    this.deps.logger.warn(`refused a start by ${by}: its user name or password differs`, { camera: name })
    throw credentialsDiffer(name)
  }

  async #keep(name: string): Promise<void> {
    if (this.#provisional.remove(name)) await this.#save()
  }

  async #forget(name: string): Promise<void> {
    this.deps.logger.info('has never been live and has no readers; the gateway forgets it', { camera: name })
    await this.stop(name)
  }

  async #save(): Promise<void> {
    const saved = this.list().filter(({ name, owner }) => owner === 'api' && !this.#provisional.has(name))
    await this.store.save(
      saved.map(({ settings, everLive }) => (everLive ? settings : { ...settings, neverLive: true })),
    )
  }
}
