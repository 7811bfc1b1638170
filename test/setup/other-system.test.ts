// native/build.json lists what the native code needs. The setup of systems without apt reads it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../helpers/paths.js'

t.test('the gateway checks for the GStreamer elements that build.json lists', async (t) => {
  const build = JSON.parse(readFileSync(join(ROOT, 'native/build.json'), 'utf8')) as { gst_elements: string[] }
  const source = readFileSync(join(ROOT, 'native/core/gst_init.cc'), 'utf8')
  const needed = /kNeeded\[\] = \{([^}]*)\}/.exec(source)?.[1] ?? ''
  t.same(
    [...needed.matchAll(/"(\w+)"/g)].map(([, name]) => name),
    build.gst_elements,
  )
})
