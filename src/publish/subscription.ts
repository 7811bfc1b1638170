// Reads the messages of subscribers to an XPUB socket, and keeps their prefixes.

export interface SubscriptionNews {
  /** false: a subscriber has left. */
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

/** The distinct prefixes that have subscribers, and how many each has. */
export class Prefixes {
  readonly #counts = new Map<string, number>()
  #bytes = 0

  constructor(readonly maxBytes = MAX_BYTES) {}

  get full(): boolean {
    return this.#bytes > this.maxBytes
  }

  /** @returns how many subscribers the prefix has now; null if this changes nothing. */
  apply({ begins, prefix }: SubscriptionNews): number | null {
    const before = this.#counts.get(prefix) ?? 0
    if (!begins && before === 0) return null
    const count = before + (begins ? 1 : -1)
    if (count > 0) this.#counts.set(prefix, count)
    else this.#counts.delete(prefix)
    if (before === 0 || count === 0) this.#bytes += (begins ? 1 : -1) * (prefix.length + ENTRY_BYTES)
    return count
  }
}
