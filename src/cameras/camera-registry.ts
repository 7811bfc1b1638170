// All cameras: starts, stops, finds and lists them, one per address, and saves the list on every change.

import { cameraSettings, type CameraSettings, type StartRequest } from '../camera-settings.js'
import { messageOf, RequestError, SourceError } from '../errors.js'
import type { CameraState, Started } from '../types.js'
import { Camera, type CameraDeps } from './camera.js'
import { parseCameraUrl, type CameraUrl } from './camera-url.js'
import { GuessLimit } from './guess-limit.js'
import { Provisional } from './provisional.js'
import { decideStart, renditionFor, replacedSettings, requireRoom, sameCredentials } from './start-rules.js'
import type { Starter } from './starter.js'
import type { CameraStore } from './state-file.js'

/** Of a camera that is being stopped: its address and its replacement's; resolves when name and addresses are free. */
interface Stopping {
  keys: string[]
  over: Promise<void>
}

export class CameraRegistry {
  readonly #cameras = new Map<string, Camera>()
  /** Names that are not saved: the demo camera. */
  readonly #unsaved = new Set<string>()
  readonly #stopping = new Map<Camera, Stopping>()
  readonly #guesses = new GuessLimit()
  readonly #provisional: Provisional
  #closed = false

  constructor(
    readonly deps: CameraDeps,
    readonly store: CameraStore,
    /** For settings that a request leaves out; a setting's own default applies if it is missing here too. */
    readonly defaults: Partial<CameraSettings>,
    readonly starter: Starter,
    readonly maxCameras: number,
    /** How long a camera that is not kept stays without a reader; 0: for ever. */
    forgetAfterMs = 0,
  ) {
    this.#provisional = new Provisional(forgetAfterMs, deps.frames, (name) => void this.#forget(name))
  }

  /** Adds the saved cameras, and starts them in steps, without waiting for that. */
  async restore(): Promise<number> {
    await this.starter.marks.load()
    const list = await this.store.load()
    for (const { neverLive = false, ...settings } of list) {
      const twice = this.#cameras.has(settings.name) || this.#byKey(parseCameraUrl(settings.rtsp).key)
      if (!twice) this.#add(settings, !neverLive)
    }
    const cameras = this.list()
    const tooMany = new SourceError('ERR_SET_ASIDE', `the gateway starts ${this.maxCameras} cameras at most`)
    for (const camera of cameras.slice(this.maxCameras)) camera.setAside(tooMany)
    void this.starter.startAll(cameras.slice(0, this.maxCameras))
    return cameras.length
  }

  get(name: string): Camera | undefined {
    return this.#cameras.get(name)
  }

  list(): Camera[] {
    return [...this.#cameras.values()]
  }

  /**
   * Starts a camera, returns the one that already pulls this address, or replaces one (start-rules.ts).
   * @throws RequestError ERR_NAME_IN_USE, ERR_CREDENTIALS_DIFFER, ERR_TOO_MANY_RENDITIONS, ERR_TOO_MANY_CAMERAS, ERR_CAMERA_HOST.
   */
  async start(request: StartRequest, { save = true } = {}): Promise<Started> {
    const url = parseCameraUrl(request.rtsp)
    this.#checkHost(url)
    await this.#untilFree(request.name, url.key)
    // Nothing waits from here until the camera is in the list: two starts of one address make one camera.
    const running = this.#byKey(url.key)
    if (running && !request.replace) this.#guesses.check(url.key)
    const decision = decideStart(request, url, running, this.#cameras.get(request.name))
    if (decision.kind === 'credentials-differ') this.#refuseCredentials(decision.camera, url)
    if (decision.kind === 'replace') return this.#replace(decision.camera, request, url)
    if (decision.kind === 'join') return this.#join(decision.camera, request)
    this.#requireRoom()
    const camera = this.#add(cameraSettings.parse({ ...this.defaults, ...request }), false)
    if (!save) this.#unsaved.add(camera.name)
    else if (request.keep === false) this.#provisional.add(camera.name)
    return this.#begin(camera, false)
  }

  /** Resolves when the camera has stopped completely. @returns false if no such camera is running. */
  async stop(name: string): Promise<boolean> {
    const camera = this.#cameras.get(name)
    if (!camera || this.#stopping.has(camera)) {
      await this.#untilFree(name, null)
      return camera ? this.stop(name) : false // A camera of the list has been replaced.
    }
    this.#cameras.delete(name)
    this.#unsaved.delete(name)
    this.#provisional.remove(name)
    const over = camera.stop().finally(() => this.#stopping.delete(camera))
    this.#stopping.set(camera, { keys: [camera.url.key], over })
    await Promise.all([over, this.#save()])
    this.deps.logger.info(`camera ${name}: stopped`)
    return true
  }

  /** Stops all cameras. The saved list does not change. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { name } of this.list()) this.#provisional.remove(name)
    await Promise.all([
      ...this.list().map((camera) => camera.stop()),
      ...[...this.#stopping.values()].map((s) => s.over),
    ])
    this.#cameras.clear()
    await this.starter.close()
  }

  async #startAgain(camera: Camera): Promise<void> {
    this.#requireRoom()
    await this.starter.start(camera, true)
  }

  /** @throws RequestError ERR_TOO_MANY_CAMERAS */
  #requireRoom(): void {
    requireRoom(this.list().filter((camera) => camera.state !== 'stopped').length, this.maxCameras)
  }

  async #join(camera: Camera, request: StartRequest): Promise<Started> {
    if (this.#provisional.has(camera.name)) {
      if (request.keep === false) this.#provisional.add(camera.name)
      else await this.#keep(camera.name)
    }
    camera.tryNow(request.retry ?? false)
    if (request.retry && camera.lastError?.code === 'ERR_SET_ASIDE') await this.#startAgain(camera)
    return { camera, ...renditionFor(camera, request) }
  }

  /** The camera stays in the list, under its name, until its replacement takes the place. */
  async #replace(old: Camera, request: StartRequest, url: CameraUrl): Promise<Started> {
    if (old.state === 'stopped') this.#requireRoom()
    const settings = cameraSettings.parse(replacedSettings(old, request, url))
    const proven = old.everLive && old.url.key === url.key && sameCredentials(old.url, url)
    const next = old.stop().then(() => {
      this.#stopping.delete(old)
      return this.#add(settings, proven)
    })
    this.#stopping.set(old, { keys: [old.url.key, url.key], over: next.then(quiet, quiet) })
    const camera = await next
    this.deps.logger.info(`camera ${camera.name}: replaced`)
    if (request.keep !== false) this.#provisional.remove(camera.name)
    return this.#begin(camera, true)
  }

  async #begin(camera: Camera, force: boolean): Promise<Started> {
    await this.#save()
    await this.starter.start(camera, force)
    return { camera, topic: camera.name, pubFps: camera.settings.pubFps, scaleWidth: camera.settings.scaleWidth }
  }

  #refuseCredentials({ name }: Camera, url: CameraUrl): never {
    this.#guesses.wrong(url.key, `${url.user}\n${url.password}`)
    this.deps.logger.warn(`camera ${name}: a start with another user name or password was refused`)
    throw new RequestError(
      'ERR_CREDENTIALS_DIFFER',
      `rtsp: this camera is already running as "${name}" with another user name or password; send "replace": true to change them`,
    )
  }

  async #keep(name: string): Promise<void> {
    if (this.#provisional.remove(name)) await this.#save()
  }

  async #forget(name: string): Promise<void> {
    this.deps.logger.info(`camera ${name}: has never been live and has no readers; the gateway forgets it`)
    await this.stop(name)
  }

  /** Waits only for stopping cameras that have this name or this address. */
  async #untilFree(name: string, key: string | null): Promise<void> {
    const holder = () =>
      [...this.#stopping].find(([camera, { keys }]) => camera.name === name || (key !== null && keys.includes(key)))
    for (let held = holder(); held; held = holder()) await held[1].over
  }

  /** @throws RequestError ERR_CAMERA_HOST, as far as that is known without name resolution. */
  #checkHost(url: CameraUrl): void {
    try {
      this.deps.hosts.check(url)
    } catch (error) {
      throw new RequestError('ERR_CAMERA_HOST', `rtsp: ${messageOf(error)}`)
    }
  }

  #add(settings: CameraSettings, beenLive: boolean): Camera {
    if (this.#closed) throw new RequestError('ERR_CLOSED', 'the gateway is shutting down')
    const camera = new Camera(settings, this.deps, beenLive)
    this.#cameras.set(settings.name, camera)
    const onState = (state: CameraState) => {
      if (state !== 'live') return
      camera.off('state', onState)
      this.#provisional.remove(camera.name)
      void this.#save()
    }
    if (!beenLive) camera.on('state', onState)
    return camera
  }

  #byKey(key: string): Camera | undefined {
    return this.list().find((camera) => camera.url.key === key)
  }

  async #save(): Promise<void> {
    const saved = this.list().filter(({ name }) => !this.#unsaved.has(name) && !this.#provisional.has(name))
    await this.store.save(
      saved.map(({ settings, everLive }) => (everLive ? settings : { ...settings, neverLive: true })),
    )
  }
}

const quiet = () => undefined
