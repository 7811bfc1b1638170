// native/build.json is the one list of C++ sources: CMakeLists.txt and binding.gyp read it.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../helpers/paths.js'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const manifest = JSON.parse(read('native/build.json'))

for (const part of ['core', 'addon', 'test_camera']) {
  t.test(`the list has every source of native/${part} exactly once`, async (t) => {
    const sources = readdirSync(join(ROOT, 'native', part)).filter((name) => name.endsWith('.cc'))
    t.strictSame([...manifest[`${part}_sources`]].sort(), sources.map((name) => `native/${part}/${name}`).sort())
  })
}

t.test('neither build names a source of its own', async (t) => {
  for (const build of ['CMakeLists.txt', 'binding.gyp']) t.notMatch(read(build), /native\/\w+\/\w+\.cc/, build)
  t.match(read('CMakeLists.txt'), '${CMAKE_CURRENT_SOURCE_DIR}/native/build.json"')
  for (const part of ['core', 'addon']) t.match(read('binding.gyp'), `native/build.json\\').${part}_sources`)
})
