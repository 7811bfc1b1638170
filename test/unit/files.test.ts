// The gateway's own files beside the state file.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createOwnFile, replaceFile } from '../../src/files.js'
import { temporaryFolder } from '../helpers/paths.js'

t.test('a replaced file always has its old text or the new one', async (t) => {
  const path = join(temporaryFolder(t), 'file')
  const texts = ['a', 'b'].map((letter) => letter.repeat(100000))
  await createOwnFile(path, texts[0]!)
  for (const durable of [false, true]) {
    let over = false
    const written = (async () => {
      for (let i = 1; i <= 50; i++) await replaceFile(path, texts[i % 2]!, durable)
      over = true
    })()
    const others = new Set<string>()
    while (!over) {
      const text = readFileSync(path, 'utf8')
      if (!texts.includes(text)) others.add(`${text.length} bytes`)
      await new Promise(setImmediate)
    }
    await written
    t.strictSame([...others], [])
  }
})

t.test('a replacement that fails leaves the file alone, and nothing beside it', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'taken'))
  writeFileSync(join(folder, 'taken/inside'), '')
  await t.rejects(replaceFile(join(folder, 'taken'), 'text'), { code: /EISDIR|ENOTEMPTY/ })
  t.strictSame(readdirSync(folder), ['taken'])
  await t.rejects(replaceFile(join(folder, 'none/file'), 'text'), { code: 'ENOENT' })
})
