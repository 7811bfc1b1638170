// Hashes of a step's inputs.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '../helpers/paths.js'

const { hashOf } = await import(new URL('../../../scripts/setup/stamp.mjs', import.meta.url).href)

t.test('a hash depends on names, contents and missing files', async (t) => {
  const folder = temporaryFolder(t)
  const [a, b] = [join(folder, 'a'), join(folder, 'b')]
  writeFileSync(a, 'x')
  const hashes = [hashOf([a]), hashOf([b]), hashOf([a, b]), hashOf([a], 'text')]
  writeFileSync(b, 'x')
  hashes.push(hashOf([b]), hashOf([a, b]))
  t.equal(new Set(hashes).size, hashes.length)
  t.equal(hashOf([a]), hashes[0])
})
