// Reads a camera's answer to an RTSP request from the bytes that arrive. Each byte is looked at once, so that a server
// that sends them one at a time costs no more than another. Pure.

export interface Answer {
  status: number
  reason: string
  headers: Map<string, string[]>
  body: string
}

export type Verdict = Answer | 'partial' | 'invalid'

const MAX_HEAD_BYTES = 16 * 1024
const MAX_BODY_BYTES = 256 * 1024
const HEAD_END = '\r\n\r\n'

interface Head extends Omit<Answer, 'body'> {
  /** Where the body begins and ends. */
  from: number
  end: number
}

/** Reads one answer. More bytes never change a complete or invalid one. */
export class AnswerReader {
  #bytes = Buffer.alloc(1024)
  #length = 0
  #head: Head | null = null

  push(chunk: Buffer): Verdict {
    const searchFrom = Math.max(0, this.#length - HEAD_END.length + 1)
    this.#append(chunk)
    if (!this.#head) {
      const bytes = this.#bytes.subarray(0, Math.min(this.#length, MAX_HEAD_BYTES))
      const end = bytes.indexOf(HEAD_END, searchFrom)
      if (end < 0) return couldBeHead(bytes) ? 'partial' : 'invalid'
      this.#head = parseHead(bytes.toString('utf8', 0, end), end + HEAD_END.length)
      if (!this.#head) return 'invalid'
    }
    const { from, end, ...head } = this.#head
    return this.#length < end ? 'partial' : { ...head, body: this.#bytes.toString('utf8', from, end) }
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * length)
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    chunk.copy(this.#bytes, this.#length)
    this.#length = length
  }
}

function couldBeHead(bytes: Buffer): boolean {
  return bytes.length < MAX_HEAD_BYTES && 'RTSP/'.startsWith(bytes.toString('latin1', 0, 5))
}

/** @returns null for a head that is not RTSP, or whose body would be too long. */
function parseHead(text: string, from: number): Head | null {
  // A line may also end with only CR or LF (RFC 2326, 4).
  const [first = '', ...lines] = text.split(/\r\n|\r|\n/)
  const status = /^RTSP\/\d\.\d (\d{3}) ?(.*)$/.exec(first)
  if (!status) return null
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const key = line.slice(0, colon).trim().toLowerCase()
    const values = headers.get(key)
    if (values) values.push(line.slice(colon + 1).trim())
    else headers.set(key, [line.slice(colon + 1).trim()])
  }
  const lengthText = headers.get('content-length')?.[0] || '0'
  const length = Number(lengthText)
  if (!/^\d+$/.test(lengthText) || length > MAX_BODY_BYTES) return null
  // Logs show it on terminals.
  const reason = status[2]!.slice(0, 80).replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
  return { status: Number(status[1]), reason, headers, from, end: from + length }
}
