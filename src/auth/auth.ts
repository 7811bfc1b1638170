// Who may do what: tokens, sessions of people who signed in, and tickets for players. Without AUTH_TOKENS_FILE everyone
// who reaches the gateway may do everything.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Logger } from '../types.js'
import { TokenFile } from './token-file.js'
import { find, hashOf, type Role, type Token } from './tokens.js'

/** What a client may do, and the token by which it may. */
export interface Grant {
  role: Role
  /** Identifies the token without revealing it. */
  holder: string
}

/** Someone who wants to read a camera from MediaMTX. */
export interface MediaReader {
  camera: string
  /** Passwords and bearer tokens that the client sent. */
  secrets: string[]
  tickets: string[]
}

// A session ends when it was not used for this long.
const SESSION_MS = 12 * 3600 * 1000
const MAX_SESSIONS = 1000
/** A ticket in an address that the gateway returns is valid for this long, and up to TICKET_STEP_S longer. */
const TICKET_S = 3600
const TICKET_STEP_S = 300
const ANYONE: Grant = { role: 'admin', holder: 'anyone' }

export class Auth extends EventEmitter<{ changed: [] }> {
  /** Sessions and tickets of another run are not valid. */
  readonly #key = randomBytes(32)
  readonly #sessions = new Map<string, { holder: string; endsAtMs: number }>()
  readonly #file: TokenFile | null
  /** The tokens of the file. A map, because anyone may send as many tickets as fit into an address. */
  #byHolder = new Map<string, Token>()

  /** @param tokensFile undefined: nothing is required of anyone. @throws ConfigError */
  constructor(
    tokensFile: string | undefined,
    logger: Logger,
    readonly now: () => number = Date.now,
  ) {
    super()
    this.setMaxListeners(0) // One for each stream.
    const changed = () => {
      this.#readHolders()
      this.emit('changed')
    }
    this.#file = tokensFile === undefined ? null : new TokenFile(tokensFile, logger, changed)
    this.#readHolders()
  }

  /** Whether clients need a token. */
  get required(): boolean {
    return this.#file !== null
  }

  /** What everyone may do. */
  get anyone(): Grant | null {
    return this.required ? null : ANYONE
  }

  ofToken(token: string): Grant | null {
    const found = find(this.#file?.tokens ?? [], hashOf(token))
    return found ? { role: found.role, holder: this.#holderOf(found) } : this.anyone
  }

  /** Whether the token behind a grant is still in the file. */
  stillValid({ holder }: Grant): boolean {
    return this.#ofHolder(holder) !== null
  }

  /** @returns the id of a session, a secret. */
  signIn({ holder }: Grant): string {
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest)
    const id = randomBytes(24).toString('base64url')
    this.#sessions.set(id, { holder, endsAtMs: this.now() + SESSION_MS })
    return id
  }

  /** Extends the session. */
  ofSession(id: string): Grant | null {
    const session = this.#sessions.get(id)
    if (!session) return this.anyone
    const grant = session.endsAtMs > this.now() ? this.#ofHolder(session.holder) : null
    this.#sessions.delete(id)
    if (grant) this.#sessions.set(id, { ...session, endsAtMs: this.now() + SESSION_MS })
    return grant
  }

  signOut(id: string): void {
    this.#sessions.delete(id)
  }

  /** @param forS default: about an hour, the same ticket for all calls within 5 minutes. */
  ticketFor({ holder }: Grant, camera: string, forS?: number): { ticket: string; endsAtS: number } {
    const nowS = Math.floor(this.now() / 1000)
    const steadyS = Math.ceil(nowS / TICKET_STEP_S) * TICKET_STEP_S + TICKET_S
    const endsAtS = forS === undefined ? steadyS : nowS + forS
    return { ticket: `${endsAtS.toString(36)}.${holder}.${this.#sign(endsAtS, holder, camera)}`, endsAtS }
  }

  ofTicket(ticket: string, camera: string): Grant | null {
    const [ends = '', holder = '', signature = ''] = ticket.split('.')
    const endsAtS = parseInt(ends, 36)
    // First, because a signature costs more.
    const grant = endsAtS * 1000 > this.now() ? this.#ofHolder(holder) : null
    if (!grant) return null
    const expected = Buffer.from(this.#sign(endsAtS, holder, camera))
    const given = Buffer.from(signature)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
    return { ...grant, role: 'viewer' }
  }

  /** For MediaMTX. */
  allowsReader({ camera, secrets, tickets }: MediaReader): boolean {
    if (!this.required || tickets.some((ticket) => this.ofTicket(ticket, camera))) return true
    return secrets.some((secret) => this.ofToken(secret) !== null)
  }

  close(): void {
    this.#file?.close()
  }

  #ofHolder(holder: string): Grant | null {
    if (!this.#file) return holder === ANYONE.holder ? ANYONE : null
    const token = this.#byHolder.get(holder)
    return token ? { role: token.role, holder } : null
  }

  #readHolders(): void {
    this.#byHolder = new Map(this.#file?.tokens.map((token) => [this.#holderOf(token), token]))
  }

  #holderOf({ hash }: Token): string {
    return createHmac('sha256', this.#key).update(hash).digest('base64url').slice(0, 16)
  }

  #sign(endsAtS: number, holder: string, camera: string): string {
    return createHmac('sha256', this.#key).update(`${endsAtS}\n${holder}\n${camera}`).digest('base64url')
  }
}
