// The tokens of AUTH_TOKENS_FILE: their form, and which of them a client has sent. Pure.

import { createHash, timingSafeEqual } from 'node:crypto'

/** `viewer` may watch and list cameras; `admin` may also start and stop them. */
export type Role = 'viewer' | 'admin'

export interface Token {
  role: Role
  /** SHA-256 of the token. A random token of 32 characters needs no slower hash. */
  hash: Buffer
}

export interface TokenList {
  tokens: Token[]
  /** Whether a line has a token itself, and not only its hash. */
  hasPlain: boolean
}

const MAX_TOKENS = 1000
const PLAIN = /^[A-Za-z0-9._~+/=-]{32,256}$/
const HASHED = /^sha256:([0-9a-f]{64})$/i

/** @throws Error that names the line, but not the token. */
export function parseTokens(text: string): TokenList {
  const list: TokenList = { tokens: [], hasPlain: false }
  for (const [i, line] of text.split('\n').entries()) {
    const [role, token = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (role === '') continue
    if ((role !== 'viewer' && role !== 'admin') || rest.length > 0)
      throw new Error(`line ${i + 1}: expected "viewer TOKEN" or "admin TOKEN"`)
    const hashed = HASHED.exec(token)?.[1]
    if (hashed === undefined && !PLAIN.test(token))
      throw new Error(
        `line ${i + 1}: expected a token of 32 to 256 letters, digits or ._~+/=- (openssl rand -hex 32 makes one), or sha256: and the hash of one`,
      )
    const hash = hashed === undefined ? hashOf(token) : Buffer.from(hashed, 'hex')
    if (find(list.tokens, hash)) throw new Error(`line ${i + 1}: this token is in the file twice`)
    list.tokens.push({ role, hash })
    list.hasPlain ||= hashed === undefined
  }
  if (list.tokens.length === 0) throw new Error('expected at least one line "viewer TOKEN" or "admin TOKEN"')
  if (list.tokens.length > MAX_TOKENS) throw new Error(`expected at most ${MAX_TOKENS} tokens`)
  return list
}

export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Takes the same time whether and where it finds the token. */
export function find(tokens: readonly Token[], hash: Buffer): Token | undefined {
  let found: Token | undefined
  for (const token of tokens) if (timingSafeEqual(token.hash, hash)) found = token
  return found
}
