// Reads the messages of subscribers to an XPUB socket, and keeps their prefixes.

export interface SubscriptionNews {
  /** false: the last subscriber has left. */
  begins: boolean
  /** One character per byte. */
  prefix: string
}

/** @returns null for other messages: only a first byte of 1 begins a subscription, and only 0 ends one. */
export function parseSubscription(message: Buffer): SubscriptionNews | null {
  if (message.length === 0 || message[0]! > 1) return null
  return { begins: message[0] === 1, prefix: message.toString('latin1', 1) }
}

// ZeroMQ's own table takes about 110 bytes of memory for each byte of a prefix, so this is 110 MB. 64 cameras with 8
// renditions each need 74 KB.
const MAX_BYTES = 1024 * 1024
const ENTRY_BYTES = 64

/** The distinct prefixes that have subscribers, as ZeroMQ keeps them too. */
export class Prefixes {
  readonly #all = new Set<string>()
  #bytes = 0

  constructor(readonly maxBytes = MAX_BYTES) {}

  get full(): boolean {
    return this.#bytes > this.maxBytes
  }

  /** @returns whether this changes anything: another subscriber may have the prefix already. */
  apply({ begins, prefix }: SubscriptionNews): boolean {
    if (begins === this.#all.has(prefix)) return false
    if (begins) this.#all.add(prefix)
    else this.#all.delete(prefix)
    this.#bytes += (begins ? 1 : -1) * (prefix.length + ENTRY_BYTES)
    return true
  }
}
