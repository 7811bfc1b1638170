// Answers a camera's challenge: Digest (RFC 2617, RFC 7616) and Basic. Pure, apart from the client's nonce.

import { createHash, randomBytes } from 'node:crypto'
import type { CameraUrl } from './camera-url.js'

const HASHES: Record<string, string> = { MD5: 'md5', 'SHA-256': 'sha256' }

export interface DigestInput {
  /** As node:crypto names it: md5 or sha256. */
  hash: string
  user: string
  password: string
  realm: string
  nonce: string
  method: string
  uri: string
  /** With qop=auth; nc is 00000001. */
  clientNonce?: string | undefined
  /** With an algorithm that ends with -sess: the client's nonce, which then need not be part of the response. */
  sessionNonce?: string | undefined
}

/** The `response` of a Digest authorization. */
export function digestResponse(input: DigestInput): string {
  const hash = (text: string) => createHash(input.hash).update(text).digest('hex')
  const account = hash(`${input.user}:${input.realm}:${input.password}`)
  const secret = input.sessionNonce === undefined ? account : hash(`${account}:${input.nonce}:${input.sessionNonce}`)
  const request = hash(`${input.method}:${input.uri}`)
  const quality = input.clientNonce === undefined ? '' : `00000001:${input.clientNonce}:auth:`
  return hash(`${secret}:${input.nonce}:${quality}${request}`)
}

/** The Authorization header of a DESCRIBE; Digest is preferred to Basic. null if no challenge is of a known kind. */
export function authorize(headers: string[], url: CameraUrl): string | null {
  // A header may hold several challenges.
  const challenges = headers.flatMap((text) => text.split(/,\s*(?=(?:digest|basic)\s)/i))
  for (const challenge of challenges) {
    const digest = /^digest /i.test(challenge) ? answerDigest(challenge, url) : null
    // No part of the challenge or the address may begin a new header line.
    if (digest && !/[\r\n\0]/.test(digest)) return digest
  }
  if (!challenges.some((text) => /^basic/i.test(text))) return null
  return `Basic ${Buffer.from(`${url.user}:${url.password}`).toString('base64')}`
}

function answerDigest(challenge: string, url: CameraUrl): string | null {
  const algorithm = parameter(challenge, 'algorithm')
  const [, base = 'MD5', session] = /^(.*?)(-SESS)?$/.exec((algorithm ?? 'MD5').toUpperCase()) ?? []
  const hash = HASHES[base]
  const realm = parameter(challenge, 'realm')
  const nonce = parameter(challenge, 'nonce')
  if (hash === undefined || realm === undefined || nonce === undefined) return null
  const { user, password, key: uri } = url
  const qualities = parameter(challenge, 'qop')?.split(',') ?? []
  const fresh = randomBytes(8).toString('hex')
  const clientNonce = qualities.some((text) => text.trim() === 'auth') ? fresh : undefined
  const sessionNonce = session && fresh
  const request = { method: 'DESCRIBE', uri, clientNonce, sessionNonce }
  const response = digestResponse({ hash, user, password, realm, nonce, ...request })
  const parts = [
    `username="${user.replace(/["\\]/g, '\\$&')}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    `response="${response}"`,
  ]
  if (algorithm) parts.push(`algorithm=${algorithm}`)
  if (clientNonce !== undefined) parts.push('qop=auth', 'nc=00000001')
  if (clientNonce !== undefined || session) parts.push(`cnonce="${fresh}"`)
  const opaque = parameter(challenge, 'opaque')
  if (opaque !== undefined) parts.push(`opaque="${opaque}"`)
  return `Digest ${parts.join(', ')}`
}

function parameter(challenge: string, key: string): string | undefined {
  const match = new RegExp(`(?:^|[ ,])${key}=(?:"([^"]*)"|([^", ]+))`, 'i').exec(challenge)
  return match?.[1] ?? match?.[2]
}
