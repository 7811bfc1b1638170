// CURVE keys for ZeroMQ: files in the format of ZeroMQ certificates (zmq.auth in Python), and which clients may connect.

import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { curveKeyPair, Reply } from 'zeromq'
import { ConfigError, messageOf } from '../errors.js'
import { readSmallFile } from '../files.js'
import type { Logger } from '../types.js'

const PUBLIC = /^[ \t]*public-key\s*=\s*"([^"\s]{40})"/m
const SECRET = /^[ \t]*secret-key\s*=\s*"([^"\s]{40})"/m
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
// A client that tries keys without end must not make the gateway read the folder each time.
const REREAD_MS = 1000
const MOST_BYTES = 65536
// 300: the client may try again, since its key may be added later. After a 400 it would not.
const REFUSED = '300'
const ZAP_DOMAIN = 'framegate'

/**
 * Makes a key pair: `PATH.key` to give away, and `PATH.key_secret`, which only its owner may read.
 * @returns both paths. @throws ConfigError if one of them exists or cannot be written.
 */
export function makeKey(path: string): [string, string] {
  const { publicKey, secretKey } = curveKeyPair()
  const file = (secret: string) => `metadata\ncurve\n    public-key = "${publicKey}"\n${secret}`
  const paths: [string, string] = [`${path}.key`, `${path}.key_secret`]
  try {
    writeFileSync(paths[1], file(`    secret-key = "${secretKey}"\n`), { mode: 0o600, flag: 'wx' })
    writeFileSync(paths[0], file(''), { flag: 'wx' })
  } catch (error) {
    throw new ConfigError(`--make-key: expected a path for two new files; got "${path}" (${messageOf(error)})`)
  }
  return paths
}

export interface CurveSettings {
  /** CURVE_SERVER_KEY, a file that makeKey() has written. */
  curveServerKey: string
  /** CURVE_CLIENTS, a folder with the .key files of the clients. */
  curveClients: string
}

/** Answers libzmq's questions about clients (ZAP, RFC 27). One for each process. */
export class CurveKeys {
  /** Of a socket; `curveServer` decides for each endpoint. */
  readonly options: { curveSecretKey: string; zapDomain: string }
  readonly #zap = new Reply({ linger: 0 })
  #allowed: { keys: Set<string>; atMs: number } | null = null
  #answering: Promise<void> = Promise.resolve()

  /** @throws ConfigError */
  constructor(
    readonly settings: CurveSettings,
    readonly logger: Logger,
  ) {
    const secret = keyOf(settings.curveServerKey, SECRET)
    if (secret instanceof Error)
      throw new ConfigError(
        `CURVE_SERVER_KEY: expected a .key_secret file of --make-key; got ${settings.curveServerKey} (${secret.message})`,
      )
    try {
      readdirSync(settings.curveClients)
    } catch (error) {
      throw new ConfigError(`CURVE_CLIENTS: expected a folder with the .key files of clients (${messageOf(error)})`)
    }
    this.options = { curveSecretKey: secret, zapDomain: ZAP_DOMAIN }
  }

  async start(): Promise<void> {
    await this.#zap.bind('inproc://zeromq.zap.01')
    this.#answering = this.#answer()
  }

  async close(): Promise<void> {
    this.#zap.close()
    await this.#answering
  }

  async #answer(): Promise<void> {
    while (!this.#zap.closed) {
      try {
        const [version = '', id = '', , address, , mechanism, key] = await this.#zap.receive()
        // Endpoints of other machines take CURVE alone; NULL is asked about for those of this machine.
        const allowed = mechanism?.toString() === 'NULL' || (key && this.#keys().has(key.toString('hex')))
        if (!allowed)
          this.logger.warn(`ZeroMQ: refused a client at ${address?.toString()}: no file in CURVE_CLIENTS has its key`)
        await this.#zap.send([version, id, allowed ? '200' : REFUSED, allowed ? 'OK' : 'unknown key', '', ''])
      } catch (error) {
        if (!this.#zap.closed) this.logger.error(`ZeroMQ: ${messageOf(error)}`)
      }
    }
  }

  /** Read again after a second, so that keys are added and removed without a restart. */
  #keys(): Set<string> {
    if (this.#allowed && performance.now() - this.#allowed.atMs < REREAD_MS) return this.#allowed.keys
    const keys = new Set<string>()
    for (const name of readdirSync(this.settings.curveClients).filter((name) => name.endsWith('.key'))) {
      const key = keyOf(join(this.settings.curveClients, name), PUBLIC)
      if (key instanceof Error) this.logger.warn(`CURVE_CLIENTS: ${name} is not a key file (${key.message})`)
      else keys.add(fromZ85(key).toString('hex'))
    }
    this.#allowed = { keys, atMs: performance.now() }
    return keys
  }
}

function keyOf(path: string, pattern: RegExp): string | Error {
  try {
    return pattern.exec(readSmallFile(path, MOST_BYTES))?.[1] ?? new Error('the key is missing')
  } catch (error) {
    return new Error(messageOf(error))
  }
}

/** RFC 32: five characters for four bytes. */
function fromZ85(text: string): Buffer {
  const bytes = Buffer.alloc((text.length / 5) * 4)
  for (let i = 0; i < text.length / 5; i++) {
    const value = [...text.slice(5 * i, 5 * i + 5)].reduce((sum, digit) => sum * 85 + DIGITS.indexOf(digit), 0)
    bytes.writeUInt32BE(Math.min(0xffffffff, Math.max(0, value)), 4 * i)
  }
  return bytes
}
