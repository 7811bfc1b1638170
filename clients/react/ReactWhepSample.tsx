// A live camera from a Framegate gateway in a React page. Copy this one file into your app.
// It needs react and hls.js, which browsers load only where WebRTC does not work:
//
//   import ReactWhepSample from './ReactWhepSample'
//
//   <ReactWhepSample gatewayBase="http://edge-box:8090" cameraName="lobby-1" />
//
// It plays muted and inline, without controls. It shows the gateway's newest snapshot until video moves. It tries
// WebRTC (WHEP), then LL-HLS, then MJPEG, shows the best one that delivers pictures, and returns to a better one once
// that works again.
// If no new picture arrives for 3 s, its state is `stalled`, even if the connection is open.
//
// CameraPlayer does all of this without React; ReactWhepSample wraps it.

import { useEffect, useRef, useState, type CSSProperties } from 'react'

/** How the video reaches the browser. */
export type Way = 'webrtc' | 'hls' | 'mjpeg'

export const WAY_WORDS: Record<Way, string> = { webrtc: 'WebRTC', hls: 'HLS', mjpeg: 'MJPEG' }

/**
 * - `connecting`: no picture yet.
 * - `live`: a moving picture over WebRTC.
 * - `fallback`: a moving picture over HLS or MJPEG; `reason` says why not over WebRTC.
 * - `stalled`: no new picture for 3 s after at least one; `reason` says why.
 */
export type PlayerState = 'connecting' | 'live' | 'fallback' | 'stalled'

export interface PlayerStatus {
  state: PlayerState
  /** null before the first picture. */
  way: Way | null
  /** A sentence for the viewer; null if there is nothing to explain. */
  reason: string | null
}

export interface CameraPlayerOptions {
  /** Default 'http://127.0.0.1:8090'. */
  gatewayBase?: string
  /** The camera's name at the gateway. */
  cameraName: string
  /** For a gateway that requires tokens. Everyone who opens your page can read it: use a viewer's. */
  token?: string
  /** If set, the player starts the camera with it (POST /cameras/start). Otherwise the camera must be running. */
  rtspUrl?: string
  /** Used with rtspUrl: published frames per second, 0.1 to 120. Default: the gateway's setting. */
  pubFps?: number
  /** Used with rtspUrl: width of published frames in pixels; 0 keeps the camera's. Default: the gateway's setting. */
  scaleWidth?: number
  /** The ways to try. Default: all. */
  ways?: readonly Way[]
  /** The picture until video moves: the URL of an image, or false for none. Default: the gateway's newest snapshot. */
  poster?: string | false
  /** Called whenever the status changes. */
  onStatus?: (status: PlayerStatus) => void
}

/** Best first. */
const WAYS: readonly Way[] = ['webrtc', 'hls', 'mjpeg']

const TICK_MS = 200
// After SUSPECT_MS without a new picture, the player opens a second connection; after FROZEN_MS
// it reports `stalled`. For slow cameras both are at least three frame intervals.
const SUSPECT_MS = 1000
const FROZEN_MS = 3000
// How long a way may take to show its first picture before the next way starts in parallel,
// and before the player abandons it.
const PATIENCE_MS: Record<Way, number> = { webrtc: 2500, hls: 5000, mjpeg: Infinity }
const GIVE_UP_MS: Record<Way, number> = { webrtc: 10000, hls: 20000, mjpeg: 10000 }
// After a failure, a way waits 2, 4, 8 ... 60 s before its next attempt. Playing for FORGIVEN_AFTER_MS resets this.
const FIRST_PENALTY_MS = 2000
const LONGEST_PENALTY_MS = 60000
const FORGIVEN_AFTER_MS = 30000
const REQUEST_TIMEOUT_MS = 5000
// While there is no picture, the time between two questions grows, so that many viewers of a camera that is away do not
// burden the gateway.
const POLL_MS = 250
const LONGEST_POLL_MS = 2000
const POLL_GROWTH = 1.3
const POLL_AFTER_ERROR_MS = 1000
const POLL_WHILE_PLAYING_MS = 30000
const WHEP_TIMEOUT_MS = 10000
// The gateway itself waits up to 5 s for a frame.
const SNAPSHOT_TIMEOUT_MS = 8000
const MAX_JPEG_BYTES = 32 * 1024 * 1024

/** The fields of GET /cameras/NAME that the player uses. */
interface CameraInfo {
  name: string
  state: string
  last_error: { message: string } | null
  webrtc_whep: string | null
  hls: string | null
  mediamtx_reason: string | null
  codec: string | null
  fps: number
  gop_length: number | null
  playability?: Record<'webrtc' | 'hls', { ok: boolean | null; reason: string | null }>
}

/** One connection, with the element that shows its pictures. */
interface Connection {
  readonly element: HTMLElement
  /** true: media arrives, and only a key frame is missing for the first picture. */
  readonly established?: boolean
  close(): void
}

interface ConnectionEvents {
  /** Called when the element shows a new picture. */
  onPicture: () => void
  /** Called when the connection has ended: no more pictures will arrive. */
  onEnd: (reason: string) => void
}

/** One connection attempt, from its start until it is closed. */
class Attempt {
  startedAtMs = performance.now()
  firstPictureAtMs: number | null = null
  pictureAtMs = this.startedAtMs
  /** Time between pictures, smoothed. 0 before the second picture. */
  intervalMs = 0
  /** Why no more pictures will arrive; null while they may. */
  ended: string | null = null
  readonly way: Way
  readonly connection: Connection

  constructor(way: Way, open: (events: ConnectionEvents) => Connection, onPicture: (attempt: Attempt) => void) {
    this.way = way
    this.connection = open({
      onPicture: () => {
        this.#measure()
        onPicture(this)
      },
      onEnd: (reason) => {
        this.ended ??= reason
      },
    })
  }

  /** Takes over the camera's rate, so that a slow camera is not suspected again after each new connection. */
  continueRateOf(previous: Attempt): void {
    if (this.intervalMs !== 0) return
    const sinceMs = (this.firstPictureAtMs ?? previous.pictureAtMs) - previous.pictureAtMs
    this.intervalMs = previous.intervalMs || Math.max(0, Math.min(sinceMs, FROZEN_MS))
  }

  close(): void {
    this.connection.close()
    this.connection.element.remove()
  }

  #measure(): void {
    const nowMs = performance.now()
    const sinceMs = nowMs - this.pictureAtMs
    if (this.firstPictureAtMs === null) this.firstPictureAtMs = nowMs
    else if (this.intervalMs === 0) this.intervalMs = Math.min(sinceMs, FROZEN_MS)
    else this.intervalMs += 0.1 * (Math.min(sinceMs, 3 * this.intervalMs) - this.intervalMs)
    this.pictureAtMs = nowMs
  }
}

/** The picture that fills the container until video moves. */
class Poster {
  readonly element = document.createElement('div')
  readonly #closing = new AbortController()
  #loading = false
  #blobUrl: string | null = null

  constructor(container: HTMLElement, url: string | undefined) {
    // Not an <img>: the poster is the background of the video's box, and an empty one shows nothing.
    Object.assign(this.element.style, { ...FILL, background: 'center / contain no-repeat' })
    container.append(this.element)
    if (url !== undefined) this.#show(url)
  }

  /** Loads a snapshot unless it shows one. A failure shows nothing: the next call tries again. */
  async load(url: string, headers: Record<string, string>): Promise<void> {
    if (this.#loading || this.#blobUrl !== null || this.#closing.signal.aborted) return
    this.#loading = true
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(SNAPSHOT_TIMEOUT_MS)])
      const response = await fetch(url, { headers, signal, cache: 'no-store' })
      const image = await response.blob()
      if (!response.ok || image.type !== 'image/jpeg' || this.#closing.signal.aborted) return
      this.#blobUrl = URL.createObjectURL(image)
      this.#show(this.#blobUrl)
    } catch {
      // The player itself reports what is wrong.
    } finally {
      this.#loading = false
    }
  }

  close(): void {
    this.#closing.abort()
    this.element.remove()
    if (this.#blobUrl !== null) URL.revokeObjectURL(this.#blobUrl)
  }

  #show(url: string): void {
    this.element.style.backgroundImage = `url(${JSON.stringify(url)})`
  }
}

/** Keeps a live picture in a container, over whichever way works, until close(). */
export class CameraPlayer {
  readonly #options: CameraPlayerOptions
  readonly #container: HTMLElement
  readonly #base: string
  readonly #headers: Record<string, string>
  readonly #closing = new AbortController()
  readonly #attempts = new Map<Way, Attempt>()
  /** null once video moves. */
  #poster: Poster | null = null
  readonly #penalties = new Map<Way, { count: number; untilMs: number; reason: string }>()
  #shown: Attempt | null = null
  #status: PlayerStatus = { state: 'connecting', way: null, reason: null }
  #timer: ReturnType<typeof setInterval> | undefined
  #info: CameraInfo | null = null
  #infoAtMs = 0
  #problem: string | null = null
  #polling = false
  #nextPollAtMs = 0
  /** How often in a row it asked because there was no picture. */
  #pollsInNeed = 0
  #started = false
  #name: string
  readonly #onVisible = () => this.#forgiveHiddenTime()
  readonly #onLeave = () => this.#closeAll()

  /** @param container receives the picture: one element that fills it (two while the player connects or switches). */
  constructor(container: HTMLElement, options: CameraPlayerOptions) {
    this.#container = container
    this.#options = options
    this.#base = (options.gatewayBase ?? 'http://127.0.0.1:8090').replace(/\/+$/, '')
    this.#headers = options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }
    this.#name = options.cameraName
    if (options.poster !== false) this.#poster = new Poster(container, options.poster)
    document.addEventListener('visibilitychange', this.#onVisible)
    addEventListener('pagehide', this.#onLeave)
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#tick()
  }

  get status(): PlayerStatus {
    return this.#status
  }

  /** Closes all connections, timers and requests, and empties the container. */
  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    clearInterval(this.#timer)
    document.removeEventListener('visibilitychange', this.#onVisible)
    removeEventListener('pagehide', this.#onLeave)
    this.#closeAll()
  }

  #closeAll(): void {
    for (const attempt of this.#attempts.values()) attempt.close()
    this.#shown?.close()
    this.#attempts.clear()
    this.#shown = null
    this.#closePoster()
  }

  #closePoster(): void {
    this.#poster?.close()
    this.#poster = null
  }

  /** The state machine, run five times a second and after events. */
  #tick(): void {
    // Browsers render no pictures in hidden pages, so there is nothing to judge.
    if (this.#closing.signal.aborted || document.hidden) return
    const nowMs = performance.now()
    this.#judgeAttempts(nowMs)
    const silentMs = this.#silentMs(nowMs)
    const needed = this.#shown === null || silentMs >= Math.max(SUSPECT_MS, 3 * this.#shown.intervalMs)
    if (this.#shown && !needed) this.#dropFrom(this.#shown.way)
    const first = needed && this.#pollsInNeed === 0 && nowMs - this.#infoAtMs > POLL_MS && this.#problem === null
    if (nowMs >= this.#nextPollAtMs || first) void this.#poll(needed)
    this.#startAttempts(nowMs, needed)
    this.#updateStatus(silentMs)
  }

  /** Shows the best attempt that has a picture, closes worse ones, and abandons those that take too long. */
  #judgeAttempts(nowMs: number): void {
    const shown = this.#shown
    // Keep the element, so that the last picture stays visible until another one arrives.
    if (shown?.ended != null) shown.connection.close()
    if (shown && nowMs - (shown.firstPictureAtMs ?? nowMs) > FORGIVEN_AFTER_MS) this.#penalties.delete(shown.way)
    for (const way of WAYS) {
      const attempt = this.#attempts.get(way)
      if (!attempt) continue
      const ageMs = nowMs - attempt.startedAtMs
      if (attempt.ended !== null) this.#fail(attempt, attempt.ended)
      else if (attempt.firstPictureAtMs !== null) this.#show(attempt)
      else if (ageMs > GIVE_UP_MS[way] + (attempt.connection.established ? this.#gopMs() : 0))
        this.#fail(attempt, `no picture over ${WAY_WORDS[way]} within ${Math.round(ageMs / 1000)} s`)
    }
  }

  #show(attempt: Attempt): void {
    this.#attempts.delete(attempt.way)
    const previous = this.#shown
    this.#shown = attempt
    attempt.connection.element.style.visibility = 'visible'
    this.#closePoster()
    if (previous) {
      attempt.continueRateOf(previous)
      if (previous.way !== attempt.way || previous.ended !== null) this.#penalize(previous, false)
      previous.close()
    }
    this.#dropFrom(attempt.way)
  }

  /** Closes the attempts that are no better than this way. */
  #dropFrom(way: Way): void {
    for (const other of [...this.#attempts.values()])
      if (WAYS.indexOf(other.way) >= WAYS.indexOf(way)) this.#drop(other)
  }

  #drop(attempt: Attempt): void {
    this.#attempts.delete(attempt.way)
    attempt.close()
  }

  #fail(attempt: Attempt, reason: string): void {
    this.#drop(attempt)
    attempt.ended = reason
    this.#penalize(attempt, true)
  }

  /** @param always false: only if a worse way is shown, because a camera that went away is not the way's fault. */
  #penalize(attempt: Attempt, always: boolean): void {
    const better = this.#shown && WAYS.indexOf(this.#shown.way) <= WAYS.indexOf(attempt.way)
    if (!always && better) return
    const count = (this.#penalties.get(attempt.way)?.count ?? 0) + 1
    const delayMs = Math.min(LONGEST_PENALTY_MS, FIRST_PENALTY_MS * 2 ** (count - 1)) * (0.8 + 0.4 * Math.random())
    this.#penalties.set(attempt.way, {
      count,
      untilMs: performance.now() + delayMs,
      reason: attempt.ended ?? 'the video froze',
    })
    this.#nextPollAtMs = 0 // The gateway may know the reason by now.
  }

  #startAttempts(nowMs: number, needed: boolean): void {
    const info = this.#info
    // MediaMTX refuses every reader while the camera is away.
    if (info?.state !== 'live' || this.#problem !== null) return
    const limit = needed || !this.#shown ? WAYS.length : WAYS.indexOf(this.#shown.way)
    for (const way of WAYS.slice(0, limit)) {
      const url = this.#urlOf(way, info)
      if (url === null || this.#blocked(way, info) !== null) continue
      if (nowMs < (this.#penalties.get(way)?.untilMs ?? 0)) continue
      const running = this.#attempts.get(way)
      if (!running) this.#start(way, url)
      // The next way starts only if this one takes too long.
      const patienceMs = PATIENCE_MS[way] + (this.#attempts.get(way)?.connection.established ? this.#gopMs() : 0)
      if (!running || nowMs - running.startedAtMs < patienceMs) return
    }
  }

  #start(way: Way, url: string): void {
    const open = (events: ConnectionEvents) => OPENERS[way](url, events, this.#headers)
    const attempt = new Attempt(way, open, () => {
      if (this.#attempts.get(way) === attempt || this.#status.state === 'stalled') this.#tick()
    })
    Object.assign(attempt.connection.element.style, {
      position: 'absolute',
      inset: '0',
      width: '100%',
      height: '100%',
      objectFit: 'contain',
      visibility: this.#shown ? 'hidden' : 'visible',
    })
    this.#container.insertBefore(attempt.connection.element, this.#poster?.element ?? null) // Below the poster.
    this.#attempts.set(way, attempt)
  }

  /** @returns why this browser cannot play the camera over this way; null if it may. */
  #blocked(way: Way, info: CameraInfo): string | null {
    if (!(this.#options.ways ?? WAYS).includes(way)) return `${WAY_WORDS[way]} is disabled on this page`
    if (way === 'mjpeg') return null
    if (this.#urlOf(way, info) === null) return info.mediamtx_reason ?? 'the gateway runs without MediaMTX'
    if (way === 'webrtc' && typeof RTCPeerConnection === 'undefined') return 'this browser does not support WebRTC'
    const verdict = info.playability?.[way]
    if (verdict?.ok !== false) return null
    // Whether H.265 plays depends on the browser, so ask the browser.
    if (info.codec === 'h265' && playsH265(way)) return null
    return verdict.reason ?? `browsers cannot play this video over ${WAY_WORDS[way]}`
  }

  #urlOf(way: Way, { webrtc_whep, hls }: CameraInfo): string | null {
    return { webrtc: webrtc_whep, hls, mjpeg: `${this.#base}/mjpeg?cam=${encodeURIComponent(this.#name)}` }[way]
  }

  /** The longest wait for a key frame; 4 s if the GOP length is unknown. */
  #gopMs(): number {
    const { gop_length: length, fps } = this.#info ?? { gop_length: null, fps: 0 }
    return length && fps ? Math.min(20000, (1000 * length) / fps) : 4000
  }

  async #poll(needed: boolean): Promise<void> {
    if (this.#polling) return
    this.#polling = true
    this.#pollsInNeed = needed ? this.#pollsInNeed + 1 : 0
    try {
      if (!this.#started && this.#options.rtspUrl !== undefined) {
        const { rtspUrl: rtsp, pubFps: pub_fps, scaleWidth: scale_width } = this.#options
        const answer = await this.#call('cameras/start', { name: this.#options.cameraName, rtsp, pub_fps, scale_width })
        // The gateway may already run this address under another name.
        if (typeof answer.name === 'string') this.#name = answer.name
        this.#started = true
      }
      const answer = await this.#call(`cameras/${encodeURIComponent(this.#name)}`)
      const info = answer.camera as CameraInfo | undefined
      if (!info || typeof info.state !== 'string')
        throw new Error(`the server at ${this.#base} is not a Framegate gateway`)
      // A way is not to blame for attempts that failed while the camera, the gateway or MediaMTX was away.
      const back =
        info.state === 'live' &&
        (this.#info?.state !== 'live' ||
          this.#problem !== null ||
          (this.#info.webrtc_whep === null && info.webrtc_whep !== null))
      if (back) this.#penalties.clear()
      this.#info = info
      this.#problem = null
      // While the camera is away, the gateway would answer only after 5 s, and with an error.
      if (info.state === 'live' && this.#options.poster === undefined)
        void this.#poster?.load(`${this.#base}/snapshot?cam=${encodeURIComponent(this.#name)}`, this.#headers)
      this.#nextPollAtMs = performance.now() + (needed ? this.#pauseMs(POLL_MS) : POLL_WHILE_PLAYING_MS)
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error)
      this.#nextPollAtMs = performance.now() + this.#pauseMs(POLL_AFTER_ERROR_MS)
    } finally {
      this.#polling = false
      this.#infoAtMs = performance.now()
      this.#tick()
    }
  }

  #pauseMs(firstMs: number): number {
    const grown = firstMs * POLL_GROWTH ** Math.max(0, this.#pollsInNeed - 1)
    return Math.min(LONGEST_POLL_MS, grown) * (0.8 + 0.4 * Math.random())
  }

  /** @throws Error with a sentence for the viewer. */
  async #call(path: string, body?: object): Promise<Record<string, unknown>> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)])
    let response: Response
    let text: string
    try {
      response = await fetch(
        `${this.#base}/${path}`,
        body
          ? {
              method: 'POST',
              headers: { ...this.#headers, 'Content-Type': 'application/json' },
              body: JSON.stringify(body),
              signal,
            }
          : { headers: this.#headers, signal, cache: 'no-store' },
      )
      text = await response.text()
    } catch {
      throw new Error(`the gateway at ${this.#base} does not respond`)
    }
    let answer: unknown
    try {
      answer = JSON.parse(text)
    } catch {
      answer = null
    }
    if (answer === null || typeof answer !== 'object')
      throw new Error(`the gateway at ${this.#base} returned HTTP ${response.status} without valid JSON`)
    const { ok, error } = answer as { ok?: unknown; error?: unknown }
    if (response.status === 404) this.#started = false // The gateway lost the camera: with rtspUrl, start it again.
    if (!response.ok || ok === false)
      throw new Error(typeof error === 'string' ? error : `the gateway returned HTTP ${response.status}`)
    return answer as Record<string, unknown>
  }

  #silentMs(nowMs: number): number {
    if (!this.#shown) return 0
    return this.#shown.ended !== null
      ? Math.max(SUSPECT_MS, nowMs - this.#shown.pictureAtMs)
      : nowMs - this.#shown.pictureAtMs
  }

  #forgiveHiddenTime(): void {
    const nowMs = performance.now()
    for (const attempt of this.#attempts.values()) attempt.startedAtMs = nowMs
    if (this.#shown) this.#shown.pictureAtMs = nowMs
    this.#penalties.clear()
  }

  #updateStatus(silentMs: number): void {
    const shown = this.#shown
    const away =
      this.#problem ??
      (this.#info && this.#info.state !== 'live'
        ? (this.#info.last_error?.message ?? `the camera is ${this.#info.state}`)
        : null)
    let status: PlayerStatus
    if (!shown) {
      const failures = WAYS.map((way) => this.#penalties.get(way)?.reason).filter(Boolean)
      status = { state: 'connecting', way: null, reason: away ?? failures[0] ?? null }
    } else if (silentMs >= Math.max(FROZEN_MS, 3 * shown.intervalMs)) {
      status = { state: 'stalled', way: shown.way, reason: away ?? shown.ended ?? 'no new frames are arriving' }
    } else if (shown.way === 'webrtc') {
      status = { state: 'live', way: 'webrtc', reason: null }
    } else {
      const why = this.#info ? this.#blocked('webrtc', this.#info) : null
      status = {
        state: 'fallback',
        way: shown.way,
        reason: why ?? this.#penalties.get('webrtc')?.reason ?? 'WebRTC is slow to connect',
      }
    }
    const { state, way, reason } = this.#status
    if (status.state === state && status.way === way && status.reason === reason) return
    this.#status = status
    this.#options.onStatus?.(status)
  }
}

function newVideo(): HTMLVideoElement {
  const video = document.createElement('video')
  video.muted = true
  video.autoplay = true
  video.playsInline = true
  video.disablePictureInPicture = true
  return video
}

/** Calls onPicture for each picture that the element shows. @returns a function that stops it. */
function watchPictures(video: HTMLVideoElement, onPicture: () => void): () => void {
  if (typeof video.requestVideoFrameCallback === 'function') {
    let handle = 0
    const next = () => {
      handle = video.requestVideoFrameCallback(() => {
        next()
        onPicture()
      })
    }
    next()
    return () => video.cancelVideoFrameCallback(handle)
  }
  let shown = 0
  const timer = setInterval(() => {
    const pictures = video.getVideoPlaybackQuality().totalVideoFrames
    if (pictures > shown) onPicture()
    shown = pictures
  }, 100)
  return () => clearInterval(timer)
}

function playsH265(way: Way): boolean {
  if (way === 'hls')
    return typeof MediaSource !== 'undefined' && MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L120.B0"')
  return (
    typeof RTCRtpReceiver !== 'undefined' &&
    (RTCRtpReceiver.getCapabilities('video')?.codecs ?? []).some(
      ({ mimeType }) => mimeType.toLowerCase() === 'video/h265',
    )
  )
}

// WebRTC (WHEP) ----------------------------------------------------------------------------

/** https://www.ietf.org/archive/id/draft-ietf-wish-whep: POST an offer, PATCH candidates, DELETE the session. */
function openWhep(url: string, { onPicture, onEnd }: ConnectionEvents): Connection {
  const video = newVideo()
  const unwatch = watchPictures(video, onPicture)
  const timeout = AbortSignal.timeout(WHEP_TIMEOUT_MS)
  let peer: RTCPeerConnection | null = null
  let sessionUrl: string | null = null
  let entityTag: string | null = null
  let closed = false
  let established = false
  const waiting: RTCIceCandidate[] = []

  /** Deletes the session first, because MediaMTX forgets it once the peer connection has closed. */
  const leave = async () => {
    const url = sessionUrl
    sessionUrl = null
    // keepalive: the browser sends it even while the page unloads.
    if (url !== null)
      await fetch(url, { method: 'DELETE', keepalive: true, signal: AbortSignal.timeout(2000) }).catch(() => undefined)
    peer?.close()
  }

  const sendCandidates = async () => {
    const description = peer?.localDescription
    if (sessionUrl === null || !description || waiting.length === 0) return
    const body = candidateFragment(description.sdp, waiting.splice(0))
    const headers: Record<string, string> = {
      'Content-Type': 'application/trickle-ice-sdpfrag',
      'If-Match': entityTag ?? '*',
    }
    // Some servers accept no candidates after the offer; those in the offer may be enough.
    await fetch(sessionUrl, { method: 'PATCH', headers, body, signal: timeout }).catch(() => undefined)
  }

  const connect = async () => {
    const iceServers = await iceServersOf(url, timeout)
    if (closed) return
    peer = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' })
    const { receiver } = peer.addTransceiver('video', { direction: 'recvonly' })
    // Prefer the newest picture over even spacing. Standard, but not in every browser.
    if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0
    peer.ontrack = ({ track, streams }) => {
      video.srcObject = streams[0] ?? new MediaStream([track])
      void video.play().catch(() => undefined) // Browsers allow autoplay of muted video.
    }
    peer.onicecandidate = ({ candidate }) => {
      if (!candidate) return
      waiting.push(candidate)
      void sendCandidates()
    }
    peer.onconnectionstatechange = () => {
      established = peer?.connectionState === 'connected'
      if (peer?.connectionState === 'failed') onEnd('WebRTC found no route through the network')
      if (peer?.connectionState === 'closed') onEnd('MediaMTX ended the WebRTC session')
    }
    await peer.setLocalDescription(await peer.createOffer())
    // close() does not abort this request: its response has the session's URL, which is needed to delete the session.
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: peer.localDescription!.sdp,
      signal: timeout,
    })
    const answer = await response.text()
    if (response.status !== 201) throw new Error(`MediaMTX refused WebRTC (HTTP ${response.status})${wordsOf(answer)}`)
    sessionUrl = sessionUrlOf(url, response.headers.get('Location'))
    entityTag = response.headers.get('ETag')
    if (closed) return leave()
    await peer.setRemoteDescription({ type: 'answer', sdp: answer })
    await sendCandidates()
  }

  connect().catch((error: unknown) => {
    if (error instanceof TypeError) onEnd('cannot reach MediaMTX for WebRTC')
    else if (timeout.aborted) onEnd(`no response from MediaMTX for WebRTC within ${WHEP_TIMEOUT_MS / 1000} s`)
    else onEnd(error instanceof Error ? error.message : String(error))
  })

  return {
    element: video,
    get established() {
      return established
    },
    close() {
      if (closed) return
      closed = true
      unwatch()
      if (peer) peer.ontrack = peer.onicecandidate = peer.onconnectionstatechange = null
      void leave()
    },
  }
}

/** MediaMTX sends an absolute path as Location, which lacks the sub-path of a reverse proxy. */
export function sessionUrlOf(whepUrl: string, location: string | null): string | null {
  if (location === null) return null
  const session = new URL(location, whepUrl)
  const endpoint = new URL(whepUrl)
  const id = /\/whep\/([^/]+)$/.exec(session.pathname)?.[1]
  if (id === undefined || !endpoint.pathname.endsWith('/whep')) return session.href
  endpoint.pathname += `/${id}`
  return endpoint.href
}

/** The body of a PATCH, RFC 8840. */
export function candidateFragment(
  offer: string,
  candidates: readonly { candidate: string; sdpMid: string | null; sdpMLineIndex: number | null }[],
): string {
  const attribute = (name: string) => new RegExp(`^a=${name}:.*$`, 'm').exec(offer)?.[0] ?? ''
  const media = offer.split(/\r?\n/).filter((line) => line.startsWith('m='))
  const lines = [attribute('ice-ufrag'), attribute('ice-pwd')]
  for (const [index, line] of media.entries()) {
    const own = candidates.filter(({ sdpMLineIndex }) => (sdpMLineIndex ?? 0) === index)
    if (own.length > 0)
      lines.push(line, `a=mid:${own[0]!.sdpMid ?? index}`, ...own.map(({ candidate }) => `a=${candidate}`))
  }
  return `${lines.join('\r\n')}\r\n`
}

async function iceServersOf(url: string, signal: AbortSignal): Promise<RTCIceServer[]> {
  try {
    const response = await fetch(url, { method: 'OPTIONS', signal })
    return parseIceServers(response.headers.get('Link'))
  } catch {
    return [] // A LAN needs none, and the POST reports any other error.
  }
}

/**
 * The value of a Link header, such as
 *   <stun:host>; rel="ice-server", <turn:host>; rel="ice-server"; username="u"; credential="p"
 */
export function parseIceServers(link: string | null): RTCIceServer[] {
  if (link === null) return []
  return [...link.matchAll(/<([^>]+)>((?:\s*;\s*[\w-]+="(?:[^"\\]|\\.)*")*)/g)]
    .filter(([, , parameters]) => (parameters ?? '').includes('rel="ice-server"'))
    .map(([, urls, parameters]) => {
      const value = (name: string) =>
        new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`).exec(parameters ?? '')?.[1]?.replace(/\\(.)/g, '$1')
      const username = value('username')
      return username === undefined ? { urls: urls! } : { urls: urls!, username, credential: value('credential') ?? '' }
    })
}

function wordsOf(answer: string): string {
  try {
    const { error } = JSON.parse(answer) as { error?: unknown }
    return typeof error === 'string' ? `: ${error.slice(0, 200)}` : ''
  } catch {
    return ''
  }
}

// LL-HLS -----------------------------------------------------------------------------------

function openHls(url: string, { onPicture, onEnd }: ConnectionEvents): Connection {
  const video = newVideo()
  const unwatch = watchPictures(video, onPicture)
  let destroy: (() => void) | null = null
  let closed = false

  const native = () => {
    if (video.canPlayType('application/vnd.apple.mpegurl') === '') return onEnd('this browser does not support HLS')
    video.onerror = () => onEnd(`HLS failed: ${video.error?.message ?? 'unknown error'}`)
    video.src = url
    destroy = () => {
      video.removeAttribute('src')
      video.load()
    }
  }

  const connect = async () => {
    const { default: Hls } = await import('hls.js').catch(() => Promise.reject(new Error('could not load hls.js')))
    if (closed) return
    if (!Hls.isSupported()) return native()
    const once = { maxTimeToFirstByteMs: 8000, maxLoadTimeMs: 10000, timeoutRetry: null, errorRetry: null }
    const hls = new Hls({
      lowLatencyMode: true,
      backBufferLength: 5,
      maxLiveSyncPlaybackRate: 1.5,
      manifestLoadPolicy: { default: once },
    })
    destroy = () => hls.destroy()
    hls.on(Hls.Events.ERROR, (_, { fatal, details, response }) => {
      if (fatal) onEnd(`HLS failed: ${response?.code ? `HTTP ${response.code}, ` : ''}${details}`)
    })
    hls.attachMedia(video)
    hls.loadSource(url)
    void video.play().catch(() => undefined)
  }

  connect().catch((error: unknown) => onEnd(error instanceof Error ? error.message : String(error)))

  return {
    element: video,
    close() {
      if (closed) return
      closed = true
      unwatch()
      video.onerror = null
      destroy?.()
    },
  }
}

// MJPEG ------------------------------------------------------------------------------------

/** Reads the stream with fetch, because an <img> does not report each new picture. */
function openMjpeg(url: string, { onPicture, onEnd }: ConnectionEvents, headers: Record<string, string>): Connection {
  const image = document.createElement('img')
  image.alt = ''
  const closing = new AbortController()
  let shownUrl: string | null = null
  let decoding = false

  const show = (jpeg: Uint8Array<ArrayBuffer>) => {
    if (decoding) return // Skip this picture: a newer one follows, and a queue would only add delay.
    decoding = true
    const previous = shownUrl
    shownUrl = URL.createObjectURL(new Blob([jpeg], { type: 'image/jpeg' }))
    image.onload = () => {
      decoding = false
      onPicture()
      if (previous !== null) URL.revokeObjectURL(previous)
    }
    image.onerror = () => {
      decoding = false
    }
    image.src = shownUrl
  }

  const connect = async () => {
    const response = await fetch(url, { headers, signal: closing.signal, cache: 'no-store' })
    if (!response.ok || !response.body)
      throw new Error(`the gateway refused MJPEG (HTTP ${response.status})${wordsOf(await response.text())}`)
    await readParts(response.body, show)
    throw new Error('the gateway closed the MJPEG stream')
  }

  connect().catch((error: unknown) => {
    if (!closing.signal.aborted)
      onEnd(
        error instanceof TypeError
          ? 'cannot reach the gateway for MJPEG'
          : error instanceof Error
            ? error.message
            : String(error),
      )
  })

  return {
    element: image,
    close() {
      closing.abort()
      image.onload = image.onerror = null
      if (shownUrl !== null) URL.revokeObjectURL(shownUrl)
      shownUrl = null
    },
  }
}

/** Calls onPart with the body of each part of a multipart stream. Every part needs a Content-Length. */
export async function readParts(
  body: ReadableStream<Uint8Array>,
  onPart: (part: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const reader = body.getReader()
  let buffer = new Uint8Array(0)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const joined = new Uint8Array(buffer.length + value.length)
    joined.set(buffer)
    joined.set(value, buffer.length)
    buffer = joined
    for (;;) {
      const headEnd = endOfHead(buffer)
      if (headEnd < 0) {
        if (buffer.length > 64 * 1024) throw new Error('the MJPEG stream is corrupt')
        break
      }
      const head = new TextDecoder().decode(buffer.subarray(0, headEnd))
      const length = Number(/content-length:\s*(\d+)/i.exec(head)?.[1] ?? NaN)
      if (!(length <= MAX_JPEG_BYTES)) throw new Error('the MJPEG stream is corrupt')
      if (buffer.length < headEnd + length) break
      onPart(buffer.slice(headEnd, headEnd + length))
      buffer = buffer.slice(headEnd + length)
    }
  }
}

/** @returns the offset after the first empty line; -1 if there is none yet. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4
  }
  return -1
}

const OPENERS: Record<Way, (url: string, events: ConnectionEvents, headers: Record<string, string>) => Connection> = {
  webrtc: openWhep,
  hls: openHls,
  mjpeg: openMjpeg,
}

// React ------------------------------------------------------------------------------------

export interface ReactWhepSampleProps extends Omit<CameraPlayerOptions, 'onStatus'> {
  className?: string
  style?: CSSProperties
  /** Called whenever the status changes. */
  onState?: (status: PlayerStatus) => void
}

/** A camera's live picture. It fills its box, which needs a height or an aspect ratio (16:9 by default). */
export function ReactWhepSample({
  gatewayBase,
  cameraName,
  token,
  rtspUrl,
  pubFps,
  scaleWidth,
  ways,
  poster,
  className,
  style,
  onState,
}: ReactWhepSampleProps) {
  const box = useRef<HTMLDivElement>(null)
  const [status, setStatus] = useState<PlayerStatus>({ state: 'connecting', way: null, reason: null })
  const listener = useRef(onState)
  useEffect(() => {
    listener.current = onState
  })
  const wayList = ways?.join()
  useEffect(() => {
    let player: CameraPlayer | null = null
    const report = (next: PlayerStatus) => {
      setStatus(next)
      listener.current?.(next)
    }
    report({ state: 'connecting', way: null, reason: null })
    // Start in the next task, so that StrictMode's first mount, which is unmounted at once, opens nothing.
    const timer = setTimeout(() => {
      if (box.current)
        player = new CameraPlayer(box.current, {
          gatewayBase,
          cameraName,
          token,
          rtspUrl,
          pubFps,
          scaleWidth,
          ways: wayList?.split(',') as Way[] | undefined,
          poster,
          onStatus: report,
        })
    })
    return () => {
      clearTimeout(timer)
      player?.close()
    }
  }, [gatewayBase, cameraName, token, rtspUrl, pubFps, scaleWidth, wayList, poster])

  const words = wordsFor(status, cameraName)
  const playing = status.state === 'live' || status.state === 'fallback'
  // A picture that stands still for a known reason is dimmed, and the reason is over it.
  const explained = !playing && status.reason !== null
  return (
    <div
      className={className}
      data-framegate-state={status.state}
      data-framegate-way={status.way ?? undefined}
      style={{ ...BOX, ...style }}
    >
      <div
        ref={box}
        role="img"
        aria-label={`Live video of ${cameraName}`}
        style={{ ...FILL, ...(explained ? DIMMED : {}) }}
      />
      {words !== null && (
        <div role="status" style={explained ? OVERLAY : BADGE} title={status.reason ?? undefined}>
          <strong>{words}</strong>
          {explained && <span>{capitalized(status.reason ?? '')}</span>}
        </div>
      )}
    </div>
  )
}

/** Reasons begin in lower case. */
function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function wordsFor({ state, way }: PlayerStatus, name: string): string | null {
  if (state === 'connecting') return `Connecting to ${name}…`
  if (state === 'stalled') return 'Video frozen'
  return state === 'fallback' && way !== null ? WAY_WORDS[way] : null
}

const FILL: CSSProperties = { position: 'absolute', inset: 0 }
const BOX: CSSProperties = {
  position: 'relative',
  overflow: 'hidden',
  aspectRatio: '16 / 9',
  background: '#14171b',
  color: '#fff',
  font: '14px/1.4 system-ui, sans-serif',
}
const DIMMED: CSSProperties = { opacity: 0.35, filter: 'grayscale(1)' }
const OVERLAY: CSSProperties = {
  ...FILL,
  display: 'flex',
  flexDirection: 'column',
  alignItems: 'center',
  justifyContent: 'center',
  gap: 4,
  padding: 16,
  textAlign: 'center',
  overflowWrap: 'anywhere',
  textShadow: '0 1px 2px rgb(0 0 0 / 70%)',
}
const BADGE: CSSProperties = {
  position: 'absolute',
  right: 8,
  top: 8,
  padding: '1px 8px',
  borderRadius: 6,
  background: 'rgb(0 0 0 / 55%)',
  fontSize: 12,
}

export default ReactWhepSample
