// What an XPUB socket hears of its subscribers. Pure.

export interface SubscriptionNews {
  /** false: nobody asks for it any more. */
  begins: boolean
  /** One character for each byte. */
  prefix: string
}

// A topic is at most 64 + 14 bytes; longer prefixes match nothing of ours.
const MAX_MESSAGE_BYTES = 128

/** @returns null for what a subscriber sends of its own: 1 and 0 alone begin a subscription and its end. */
export function parseSubscription(message: Buffer): SubscriptionNews | null {
  if (message.length === 0 || message.length > MAX_MESSAGE_BYTES || message[0]! > 1) return null
  return { begins: message[0] === 1, prefix: message.toString('latin1', 1) }
}
