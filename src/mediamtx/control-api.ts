// Client of MediaMTX's control API (v3). Every call has a time limit.

import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { messageOf, RelayCannotError, SourceError } from '../errors.js'
import { redact } from '../redact.js'
import { within } from '../time-limit.js'
import type { PathReaders } from '../types.js'

const PATH_LIMIT_MS = 2000
const PATH_POLL_MS = 5

// MediaMTX delays the response to wrong credentials by up to 4 s (a random pause against guessing).
const CALL_TIMEOUT_MS = 5000

const PAGE_SIZE = 1000
const MOST_PAGES = 100

const READER_TYPES: Record<string, keyof PathReaders> = {
  webRTCSession: 'webrtc',
  hlsSession: 'hls',
  hlsMuxer: 'hls',
  rtspSession: 'rtsp',
  rtspsSession: 'rtsp',
}

const info = z.object({ version: z.string(), started: z.string().optional() })
const globalConfig = z.object({
  rtspAddress: z.string(),
  hls: z.boolean().optional(),
  hlsAddress: z.string(),
  hlsEncryption: z.boolean().optional(),
  webrtc: z.boolean().optional(),
  webrtcAddress: z.string(),
  webrtcEncryption: z.boolean().optional(),
})
// Made once: zod compiles a schema when it is first used, which takes longer than a health check.
const pathList = listOf(z.object({ name: z.string() }))
const readerList = listOf(z.object({ name: z.string(), readers: z.array(z.object({ type: z.string() })) }))
const anything = z.object({})
export type MediaMtxInfo = z.infer<typeof info>
export type MediaMtxAddresses = z.infer<typeof globalConfig>

type List<T> = z.ZodType<{ items: T[]; pageCount: number }>

function listOf<T>(item: z.ZodType<T>): List<T> {
  return z.object({ items: z.array(item), pageCount: z.int().max(MOST_PAGES).default(1) })
}

export class ControlApi {
  readonly #base: string
  readonly #authorization: string | null

  /** @param address http://[user:password@]HOST:PORT */
  constructor(address: string) {
    const url = new URL(address)
    this.#authorization =
      url.username === ''
        ? null
        : `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`
    url.username = ''
    url.password = ''
    this.#base = url.href.replace(/\/$/, '')
  }

  async info(): Promise<MediaMtxInfo> {
    return this.#read(info, '/v3/info')
  }

  async addresses(): Promise<MediaMtxAddresses> {
    return this.#read(globalConfig, '/v3/config/global/get')
  }

  /** MediaMTX answers before its path manager knows a new path, and would refuse a reader that comes first. */
  async untilPathExists(name: string, signal: AbortSignal): Promise<void> {
    await within(PATH_LIMIT_MS, signal, async (over) => {
      while (!over.aborted) {
        const there = await this.#read(anything, `/v3/paths/get/${name}`).catch(() => null)
        if (there) return
        await pause(PATH_POLL_MS, undefined, { signal: over }).catch(() => undefined)
      }
    })
  }

  /** Adds the path, or replaces the one that has this name. */
  async replacePath(name: string, config: Record<string, unknown>, signal?: AbortSignal): Promise<void> {
    await this.#call('POST', `/v3/config/paths/replace/${name}`, config, signal)
  }

  /** @returns false if there was no such path. */
  async deletePath(name: string): Promise<boolean> {
    return (await this.#call('DELETE', `/v3/config/paths/delete/${name}`, undefined, undefined, [404])) !== null
  }

  /** Names of the configured paths. */
  async pathNames(limitMs: number): Promise<string[]> {
    const items = await this.#readAll(pathList, '/v3/config/paths/list', limitMs)
    return items.map((item) => item.name)
  }

  /** By path, including the gateway's own RTSP session. */
  async readers(limitMs: number): Promise<Map<string, PathReaders>> {
    const items = await this.#readAll(readerList, '/v3/paths/list', limitMs)
    return new Map(
      items.map(({ name, readers }) => {
        const counts: PathReaders = { webrtc: 0, hls: 0, rtsp: 0 }
        for (const { type } of readers) if (READER_TYPES[type]) counts[READER_TYPES[type]]++
        return [name, counts]
      }),
    )
  }

  /** All pages of a list. */
  async #readAll<T>(list: List<T>, path: string, limitMs: number): Promise<T[]> {
    const items: T[] = []
    for (let page = 0, count = 1; page < count; page++) {
      const answer = await this.#read(list, `${path}?itemsPerPage=${PAGE_SIZE}&page=${page}`, limitMs)
      items.push(...answer.items)
      count = answer.pageCount
    }
    return items
  }

  /** @throws SourceError ERR_MEDIAMTX_API, also if the response does not have MediaMTX's form. */
  async #read<T>(shape: z.ZodType<T>, path: string, limitMs?: number): Promise<T> {
    const answer = shape.safeParse(
      await this.#call('GET', path, undefined, limitMs === undefined ? undefined : AbortSignal.timeout(limitMs)),
    )
    if (answer.success) return answer.data
    const { path: field, message } = answer.error.issues[0]!
    throw new SourceError(
      'ERR_MEDIAMTX_API',
      `the server at ${this.#base} is not MediaMTX's API: GET ${path}: ${field.join('.') || 'response'}: ${message}`,
    )
  }

  /** @throws SourceError ERR_MEDIAMTX_API */
  async #call(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
    absent: number[] = [],
  ): Promise<unknown> {
    const request = {
      method,
      headers: {
        ...(this.#authorization ? { authorization: this.#authorization } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }
    let response: Response
    let text: string
    try {
      ;[response, text] = await within(CALL_TIMEOUT_MS, signal, async (over) => {
        const answer = await fetch(this.#base + path, { ...request, signal: over })
        return [answer, await answer.text()]
      })
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      throw new SourceError(
        'ERR_MEDIAMTX_API',
        `MediaMTX's API at ${this.#base} does not respond (${messageOf(cause)})`,
      )
    }
    if (absent.includes(response.status)) return null
    if (!response.ok) {
      // 400: it takes no such configuration, for example a user name without a password.
      throw new (response.status === 400 ? RelayCannotError : SourceError)(
        'ERR_MEDIAMTX_API',
        `MediaMTX's API rejected ${method} ${path}: ${response.status} ${redact(text).slice(0, 200)}`,
      )
    }
    try {
      return text === '' ? {} : JSON.parse(text)
    } catch {
      throw new SourceError(
        'ERR_MEDIAMTX_API',
        `the server at ${this.#base} is not MediaMTX's API: ${method} ${path} returned "${redact(text).slice(0, 60)}" instead of JSON`,
      )
    }
  }
}
