// The canvases of the grid: which are visible, what they show, and how old that is.

import { createContext, useCallback, useContext, useEffect, useRef, useState } from 'react'
import type { Camera } from './api-types'
import { FrameStream } from './frame-stream'

const CHANGE_DELAY_MS = 150
const SILENT_LIMIT_MS = 6000
const STALE_MS = 3000
const MAX_TOPICS = 64
// All pages request the same rendition, so the gateway encodes it once.
const RENDITION = devicePixelRatio > 1.5 ? '@640w5fps' : '@320w5fps'

interface Thumbnail {
  canvas: HTMLCanvasElement
  decoding: boolean
  waiting: Blob | null
}

export class Thumbnails {
  /** Why no frames arrive; null while they do. */
  problem: string | null = null
  readonly #stream: FrameStream
  readonly #shown = new Map<string, Thumbnail>()
  readonly #drawnAtMs = new Map<string, number>()
  readonly #visible = new Set<string>()
  readonly #observer: IntersectionObserver
  #cameras: Camera[] = []
  #changeTimer: ReturnType<typeof setTimeout> | undefined
  #shownSinceMs = performance.now()

  constructor() {
    this.#stream = new FrameStream({
      onFrame: (camera, jpeg) => this.#offer(camera, jpeg),
      onProblem: (reason) => (this.problem = reason),
    })
    this.#observer = new IntersectionObserver((entries) => this.#onSeen(entries), { rootMargin: '300px' })
  }

  open(): void {
    document.addEventListener('visibilitychange', this.#onVisibility)
    for (const { canvas } of this.#shown.values()) this.#observer.observe(canvas)
  }

  /** open() may be called again afterwards. */
  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility)
    clearTimeout(this.#changeTimer)
    this.#observer.disconnect()
    this.#stream.close()
  }

  add(name: string, canvas: HTMLCanvasElement): () => void {
    canvas.dataset.camera = name
    this.#shown.set(name, { canvas, decoding: false, waiting: null })
    this.#observer.observe(canvas)
    return () => {
      this.#observer.unobserve(canvas)
      this.#shown.delete(name)
      this.#visible.delete(name)
      this.#drawnAtMs.delete(name)
    }
  }

  /** Called once a second with the newest list. */
  update(cameras: Camera[]): void {
    const before = this.#cameras
    this.#cameras = cameras
    if (!this.#stream.isOpen || keyOf(before) !== keyOf(cameras)) this.#change(0)
    // Live cameras are visible but no frame arrives: the connection is dead and the browser has not noticed.
    if (this.#wanted().some(({ state, fps }) => state === 'live' && fps >= 1))
      this.#stream.reopenIfSilentFor(SILENT_LIMIT_MS)
  }

  /** How long ago a picture was last drawn; null before the first. */
  ageMs(name: string): number | null {
    const drawnAtMs = this.#drawnAtMs.get(name)
    return drawnAtMs === undefined ? null : performance.now() - drawnAtMs
  }

  isStale({ name, fps }: Camera): boolean {
    if (document.hidden) return false
    const slow = fps > 0 && fps < 1 ? 2500 / fps : 0
    const since = Math.max(this.#drawnAtMs.get(name) ?? 0, this.#shownSinceMs)
    return performance.now() - since > Math.max(STALE_MS, slow)
  }

  #onVisibility = () => {
    this.#shownSinceMs = performance.now()
    this.#change(0)
  }

  #onSeen(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const name = (target as HTMLElement).dataset.camera ?? ''
      if (isIntersecting) this.#visible.add(name)
      else this.#visible.delete(name)
    }
    this.#change(CHANGE_DELAY_MS)
  }

  #change(delayMs: number): void {
    clearTimeout(this.#changeTimer)
    this.#changeTimer = setTimeout(() => {
      const wanted = this.#wanted()
      // The gateway opens no stream of cameras that all refuse; one that is open brings them back sooner.
      if (wanted.every(isAway) && !this.#stream.isOpen) return this.#stream.close()
      this.#stream.set(
        wanted.map(({ name }) => name + RENDITION),
        keyOf(wanted),
      )
    }, delayMs)
  }

  #wanted(): Camera[] {
    if (document.hidden) return []
    return this.#cameras.filter(({ name }) => this.#visible.has(name)).slice(0, MAX_TOPICS)
  }

  #offer(camera: string, jpeg: Blob): void {
    const thumbnail = this.#shown.get(camera)
    if (!thumbnail) return
    thumbnail.waiting = jpeg
    if (!thumbnail.decoding) void this.#draw(camera, thumbnail)
  }

  async #draw(name: string, thumbnail: Thumbnail): Promise<void> {
    thumbnail.decoding = true
    while (thumbnail.waiting) {
      const jpeg = thumbnail.waiting
      thumbnail.waiting = null
      try {
        const picture = await createImageBitmap(jpeg)
        const { canvas } = thumbnail
        if (canvas.width !== picture.width || canvas.height !== picture.height) {
          canvas.width = picture.width
          canvas.height = picture.height
        }
        canvas.getContext('2d', { alpha: false })?.drawImage(picture, 0, 0)
        picture.close()
        if (this.#shown.get(name) === thumbnail) this.#drawnAtMs.set(name, performance.now())
      } catch {
        // Skip a frame that cannot be decoded. If no other follows, the tile shows that.
      }
    }
    thumbnail.decoding = false
  }
}

function isAway({ state, last_error }: Camera): boolean {
  return state === 'retrying' && last_error !== null
}

/** Includes started_at: a camera that was restarted between two updates needs a new stream too. */
function keyOf(cameras: Camera[]): string {
  return cameras.map(({ name, started_at }) => `${name} ${started_at}`).join()
}

export const ThumbnailsContext = createContext<Thumbnails | null>(null)

export function useThumbnails(cameras: Camera[]): Thumbnails {
  const [thumbnails] = useState(() => new Thumbnails())
  useEffect(() => {
    thumbnails.open()
    return () => thumbnails.close()
  }, [thumbnails])
  useEffect(() => thumbnails.update(cameras), [thumbnails, cameras])
  return thumbnails
}

/** A ref for the canvas of a camera. */
export function useThumbnailCanvas(name: string): (canvas: HTMLCanvasElement | null) => void {
  const thumbnails = useContext(ThumbnailsContext)
  const remove = useRef<(() => void) | null>(null)
  return useCallback(
    (canvas) => {
      remove.current?.()
      remove.current = canvas && thumbnails ? thumbnails.add(name, canvas) : null
    },
    [thumbnails, name],
  )
}
