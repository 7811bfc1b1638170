// All cameras: starts, stops, finds and lists them, one per address, and saves the list on every change.

import { cameraSettings, type CameraSettings, type StartRequest } from '../camera-settings.js'
import { messageOf, RequestError, SourceError } from '../errors.js'
import { MAX_RENDITIONS, renditionTopic } from '../frames/rendition-topic.js'
import type { Started } from '../types.js'
import { Camera, type CameraDeps } from './camera.js'
import { parseCameraUrl, type CameraUrl } from './camera-url.js'
import { GuessLimit } from './guess-limit.js'
import type { Starter } from './starter.js'

/** Keeps the list of cameras across restarts. */
export interface CameraStore {
  load(): Promise<CameraSettings[]>
  /** Never throws. */
  save(cameras: CameraSettings[]): Promise<void>
}

export class CameraRegistry {
  readonly #cameras = new Map<string, Camera>()
  /** Names that are not saved: the demo camera. */
  readonly #unsaved = new Set<string>()
  /** Cameras that are stopping, with the promises of their ends. */
  readonly #stopping = new Map<Camera, Promise<void>>()
  readonly #guesses = new GuessLimit()
  #closed = false

  constructor(
    readonly deps: CameraDeps,
    readonly store: CameraStore,
    /** For settings that a request leaves out; a setting's own default applies if it is missing here too. */
    readonly defaults: Partial<CameraSettings>,
    readonly starter: Starter,
    readonly maxCameras: number,
  ) {}

  /** Adds the saved cameras, and starts them in steps, without waiting for that. */
  async restore(): Promise<number> {
    await this.starter.marks.load()
    const list = await this.store.load()
    for (const settings of list) {
      if (!this.#cameras.has(settings.name) && !this.#byKey(parseCameraUrl(settings.rtsp).key)) this.#add(settings)
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
   * Starts a camera, or returns the one that already pulls this address. Other credentials replace it if the running ones
   * were refused or never worked.
   * @throws RequestError ERR_NAME_IN_USE, ERR_CREDENTIALS_DIFFER, ERR_TOO_MANY_RENDITIONS, ERR_TOO_MANY_CAMERAS, ERR_CAMERA_HOST.
   */
  async start(request: StartRequest, { save = true } = {}): Promise<Started> {
    const url = parseCameraUrl(request.rtsp)
    this.#checkHost(url)
    await this.#untilFree(request.name, url.key)
    // Nothing waits from here until the camera is in the list: two starts of one address make one camera.
    const running = this.#byKey(url.key)
    if (running) {
      this.#guesses.check(running.url.key)
      if (running.url.user !== url.user || running.url.password !== url.password) {
        if (running.credentialsInDoubt) return this.#replace(running, request, save)
        this.#guesses.wrong(running.url.key, `${url.user}\n${url.password}`)
        this.deps.logger.warn(`camera ${running.name}: a start with another user name or password was refused`)
        throw new RequestError(
          'ERR_CREDENTIALS_DIFFER',
          `rtsp: this camera is already running as "${running.name}" with another user name or password; stop "${running.name}" first to change them`,
        )
      }
      const { tlsFingerprint = running.settings.tlsFingerprint } = request
      if (tlsFingerprint !== running.settings.tlsFingerprint && running.lastError?.code === 'ERR_SOURCE_TLS')
        return this.#replace(running, request, save)
      running.tryNow(request.retry ?? false)
      if (request.retry && running.lastError?.code === 'ERR_SET_ASIDE') await this.#startAgain(running)
      return this.#renditionFor(running, request)
    }
    const holder = this.#cameras.get(request.name)
    if (holder) {
      throw new RequestError(
        'ERR_NAME_IN_USE',
        `name: camera "${request.name}" already uses another address; stop that camera first, or choose another name`,
      )
    }
    this.#requireRoom()
    const camera = this.#add(cameraSettings.parse({ ...this.defaults, ...request }))
    if (!save) this.#unsaved.add(camera.name)
    await this.#save()
    await this.starter.start(camera)
    return { camera, topic: camera.name, pubFps: camera.settings.pubFps, scaleWidth: camera.settings.scaleWidth }
  }

  /** Resolves when the camera has stopped completely. @returns false if no such camera is running. */
  async stop(name: string): Promise<boolean> {
    const camera = this.#cameras.get(name)
    if (!camera) {
      await this.#untilFree(name, null)
      return false
    }
    this.#cameras.delete(name)
    this.#unsaved.delete(name)
    const stopped = camera.stop().finally(() => this.#stopping.delete(camera))
    this.#stopping.set(camera, stopped)
    await Promise.all([stopped, this.#save()])
    this.deps.logger.info(`camera ${name}: stopped`)
    return true
  }

  /** Stops all cameras. The saved list does not change. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.list().map((camera) => camera.stop()), ...this.#stopping.values()])
    this.#cameras.clear()
    await this.starter.close()
  }

  async #startAgain(camera: Camera): Promise<void> {
    this.#requireRoom()
    await this.starter.start(camera, true)
  }

  /** @throws RequestError ERR_TOO_MANY_CAMERAS */
  #requireRoom(): void {
    const count = this.list().filter((camera) => camera.state !== 'stopped').length
    if (count < this.maxCameras) return
    throw new RequestError(
      'ERR_TOO_MANY_CAMERAS',
      `the gateway already runs ${count} cameras, the most it can here; stop one, or raise MAX_CAMERAS or ulimit -n`,
    )
  }

  /** The camera under its old name, with its settings where the request has none. */
  async #replace(camera: Camera, request: StartRequest, save: boolean): Promise<Started> {
    await this.stop(camera.name)
    return this.start({ ...camera.settings, ...defined(request), name: camera.name }, { save })
  }

  /** Waits only for stopping cameras that have this name or this address. */
  async #untilFree(name: string, key: string | null): Promise<void> {
    const holder = () => [...this.#stopping].find(([camera]) => camera.name === name || camera.url.key === key)
    for (let held = holder(); held; held = holder()) await held[1]
  }

  /** @throws RequestError ERR_CAMERA_HOST, as far as that is known without name resolution. */
  #checkHost(url: CameraUrl): void {
    try {
      this.deps.hosts.check(url)
    } catch (error) {
      throw new RequestError('ERR_CAMERA_HOST', `rtsp: ${messageOf(error)}`)
    }
  }

  #add(settings: CameraSettings): Camera {
    if (this.#closed) throw new RequestError('ERR_CLOSED', 'the gateway is shutting down')
    const camera = new Camera(settings, this.deps)
    this.#cameras.set(settings.name, camera)
    return camera
  }

  #byKey(key: string): Camera | undefined {
    return this.list().find((camera) => camera.url.key === key)
  }

  /** @throws RequestError ERR_TOO_MANY_RENDITIONS */
  #renditionFor(camera: Camera, request: StartRequest): Started {
    const own = camera.settings
    const pubFps = request.pubFps ?? own.pubFps
    const scaleWidth = request.scaleWidth ?? own.scaleWidth
    if (pubFps === own.pubFps && scaleWidth === own.scaleWidth)
      return { camera, topic: camera.name, pubFps, scaleWidth }
    const topic = renditionTopic(camera.name, scaleWidth, pubFps)
    const made = camera.renditionTopics
    if (!made.includes(topic) && made.length >= MAX_RENDITIONS) {
      throw new RequestError(
        'ERR_TOO_MANY_RENDITIONS',
        `scale_width, pub_fps: camera "${camera.name}" already has the maximum of ${MAX_RENDITIONS} sizes and rates; use one of ${made.join(', ')}`,
      )
    }
    return { camera, topic, pubFps, scaleWidth }
  }

  async #save(): Promise<void> {
    await this.store.save(
      this.list()
        .filter((camera) => !this.#unsaved.has(camera.name))
        .map((camera) => camera.settings),
    )
  }
}

function defined<T extends object>(from: T): Partial<T> {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as Partial<T>
}
