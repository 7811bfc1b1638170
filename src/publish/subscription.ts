// Reads the messages of subscribers to an XPUB socket. Pure.

export interface SubscriptionNews {
  /** false: the last subscriber has left. */
  begins: boolean
  /** One character per byte. */
  prefix: string
}

// A topic is at most 64 + 14 bytes; longer prefixes match nothing.
const MAX_MESSAGE_BYTES = 128

/** @returns null for other messages: only a first byte of 1 begins a subscription, and only 0 ends one. */
export function parseSubscription(message: Buffer): SubscriptionNews | null {
  if (message.length === 0 || message.length > MAX_MESSAGE_BYTES || message[0]! > 1) return null
  return { begins: message[0] === 1, prefix: message.toString('latin1', 1) }
}
