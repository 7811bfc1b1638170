// Seeded mutations of a corpus, to test parsers of network data. Each run uses the same seed; FUZZ_SEED=N sets another.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './paths.js'

export const SEED = Number(process.env.FUZZ_SEED ?? 1)
const CORPUS = join(ROOT, 'test/corpus')
const PIECES = [
  '\0',
  '\r\n',
  '\n',
  '\r\n\r\n',
  ':',
  ': ',
  '"',
  ',',
  ' ',
  '@',
  '//',
  '%',
  '%0a',
  '-',
  '9'.repeat(30),
  '=',
  '\\',
  '\xff',
  '://',
  '#',
  '?',
  '\u00a0',
]

export function corpusFiles(folder: string): Map<string, Buffer> {
  return new Map(
    readdirSync(join(CORPUS, folder))
      .sort()
      .map((name) => [name, readFileSync(join(CORPUS, folder, name))]),
  )
}

export function corpusTexts(kind: 'challenges' | 'addresses' | 'topics' | 'subscriptions'): string[] {
  return JSON.parse(readFileSync(join(CORPUS, 'texts.json'), 'utf8'))[kind]
}

/** mulberry32: small, and the same on every machine. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) % below
  }
}

/** Applies one to eight changes. In a corpus of bytes, each character is a byte (latin1). */
export function mutated(corpus: string[], random: (below: number) => number): string {
  let text = corpus[random(corpus.length)]!
  for (let changes = random(8); changes >= 0; changes--) {
    const at = random(text.length + 1)
    const [before, after] = [text.slice(0, at), text.slice(at)]
    switch (random(5)) {
      case 0:
        text = before + String.fromCharCode(random(256)) + after.slice(1)
        break
      case 1:
        text = before + after.slice(1 + random(8))
        break
      case 2:
        text = before
        break
      case 3:
        text = before + PIECES[random(PIECES.length)] + after
        break
      default: {
        const other = corpus[random(corpus.length)]!
        text = before + other.slice(random(other.length + 1)) + after
      }
    }
    text = text.slice(0, 65536)
  }
  return text
}

/**
 * Calls `judge` with each input of the corpus, then with mutations of them until the time is up.
 * @param judge throws if the input reveals a defect.
 * @returns the number of inputs.
 * @throws an error with the seed and the input; its cause is what `judge` threw.
 */
export async function fuzz(
  corpus: string[],
  forMs: number,
  judge: (input: string, random: (below: number) => number) => void | Promise<void>,
): Promise<number> {
  const random = randomFrom(SEED)
  const end = performance.now() + forMs
  for (let count = 0; ; count++) {
    if (count >= corpus.length && performance.now() > end) return count
    const input = corpus[count] ?? mutated(corpus, random)
    try {
      await judge(input, random)
    } catch (error) {
      throw new Error(`FUZZ_SEED=${SEED}, input ${count}: ${JSON.stringify(input)}`, { cause: error })
    }
  }
}
