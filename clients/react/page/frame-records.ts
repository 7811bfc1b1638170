// Parses GET /frames: each record holds one message of docs/wire-format.md. Pure, so that tests can run it in Node.

const MAX_RECORD_BYTES = 32 * 1024 * 1024

/** A record is a length (u32 LE) and that many bytes. */
export async function readRecords(
  body: ReadableStream<Uint8Array>,
  onRecord: (record: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  let buffer = new Uint8Array(256 * 1024)
  let start = 0
  let end = 0
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    if (end + value.length > buffer.length) {
      const unread = buffer.subarray(start, end)
      const larger = unread.length + value.length > buffer.length
      const next = larger ? new Uint8Array(2 * (unread.length + value.length)) : buffer
      next.set(unread)
      buffer = next
      end -= start
      start = 0
    }
    buffer.set(value, end)
    end += value.length
    while (end - start >= 4) {
      const length = new DataView(buffer.buffer, start, 4).getUint32(0, true)
      if (length > MAX_RECORD_BYTES) throw new Error('the frame stream is corrupt')
      if (end - start < 4 + length) break
      onRecord(buffer.slice(start + 4, start + 4 + length))
      start += 4 + length
    }
  }
}

/** @returns undefined if it is not a message of docs/wire-format.md. */
export function parseMessage(message: Uint8Array<ArrayBuffer>): { camera: string; jpeg: Blob } | undefined {
  const nul = message.indexOf(0)
  if (nul < 0 || message.length < nul + 5) return undefined
  const headerEnd = nul + 5 + new DataView(message.buffer, message.byteOffset + nul + 1, 4).getUint32(0, true)
  if (headerEnd >= message.length) return undefined
  try {
    const header = JSON.parse(new TextDecoder().decode(message.subarray(nul + 5, headerEnd))) as {
      v?: unknown
      camera?: unknown
    }
    if (header.v !== 1 || typeof header.camera !== 'string') return undefined
    return { camera: header.camera, jpeg: new Blob([message.subarray(headerEnd)], { type: 'image/jpeg' }) }
  } catch {
    return undefined
  }
}
