// Client of MediaMTX's control API (v3). Every call has a limit.

import { z } from 'zod'
import { messageOf, SourceError } from '../errors.js'

// A poll with wrong credentials takes up to 4 s (random pause against guessing).
const CALL_TIMEOUT_MS = 5000

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
export type MediaMtxInfo = z.infer<typeof info>
export type MediaMtxAddresses = z.infer<typeof globalConfig>

export class ControlApi {
  readonly #base: string
  readonly #authorization: string | null

  /** @param address http://[user:password@]HOST:PORT */
  constructor(address: string) {
    const url = new URL(address)
    this.#authorization =
      url.username === '' ? null : `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`
    url.username = ''
    url.password = ''
    this.#base = url.href.replace(/\/$/, '')
  }

  async info(): Promise<MediaMtxInfo> {
    return info.parse(await this.#call('GET', '/v3/info'))
  }

  async addresses(): Promise<MediaMtxAddresses> {
    return globalConfig.parse(await this.#call('GET', '/v3/config/global/get'))
  }

  /** Adds the path, or replaces what is there under its name. */
  async replacePath(name: string, config: Record<string, unknown>, signal?: AbortSignal): Promise<void> {
    await this.#call('POST', `/v3/config/paths/replace/${name}`, config, signal)
  }

  /** @returns false where there was no such path. */
  async deletePath(name: string): Promise<boolean> {
    return (await this.#call('DELETE', `/v3/config/paths/delete/${name}`, undefined, undefined, [404])) !== null
  }

  /** Names of the paths that are configured. */
  async pathNames(limitMs: number): Promise<string[]> {
    const list = z.object({ items: z.array(z.object({ name: z.string() })) })
    return list.parse(await this.#call('GET', '/v3/config/paths/list?itemsPerPage=1000', undefined, AbortSignal.timeout(limitMs))).items.map((item) => item.name)
  }

  /** @throws SourceError ERR_MEDIAMTX_API */
  async #call(method: string, path: string, body?: unknown, signal?: AbortSignal, absent: number[] = []): Promise<unknown> {
    const limit = AbortSignal.timeout(CALL_TIMEOUT_MS)
    let response: Response
    let text: string
    try {
      response = await fetch(this.#base + path, {
        method,
        signal: signal ? AbortSignal.any([limit, signal]) : limit,
        headers: {
          ...(this.#authorization ? { authorization: this.#authorization } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      text = await response.text()
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      throw new SourceError('ERR_MEDIAMTX_API', `MediaMTX's API at ${this.#base} does not answer (${messageOf(cause)})`)
    }
    if (absent.includes(response.status)) return null
    if (!response.ok) {
      throw new SourceError('ERR_MEDIAMTX_API', `MediaMTX's API refused ${method} ${path}: ${response.status} ${text.slice(0, 200)}`)
    }
    return text === '' ? {} : JSON.parse(text)
  }
}
