// The addon under AddressSanitizer and UndefinedBehaviorSanitizer: the tests of pipeline.test.ts once more, in a Node.js
// that loads the addon of build/checked.

import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { ROOT } from '../helpers/paths.js'

const CHECKED = join(ROOT, 'build/checked')
const ADDON = join(CHECKED, 'build/Release/framegate.node')

// Node.js itself is not sanitized, so the sanitizer runtime must be loaded before all other libraries.
const runtime = /\S*\/libasan\S*/.exec(execFileSync('ldd', [ADDON], { encoding: 'utf8' }))?.[0]

const tellLibraries = `process.on('exit', () => {
  for (const path of process.report.getReport().sharedObjects) if (path.endsWith('.node')) process.stderr.write('loaded ' + path + '\\n')
})`

t.test('the sanitizers find nothing in pipeline.test.ts', async (t) => {
  t.ok(runtime, 'the addon is built with AddressSanitizer')
  const child = spawn(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(tellLibraries)}`,
      join(ROOT, 'dist/test/addon/pipeline.test.js'),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        FRAMEGATE_PREBUILD: CHECKED,
        LD_PRELOAD: runtime,
        // V8 and GStreamer keep memory until the process ends.
        ASAN_OPTIONS: 'detect_leaks=0',
        G_SLICE: 'always-malloc',
        TAP: '1',
        TAP_TIMEOUT: '120',
        // Freed memory stays in quarantine, so memory use proves nothing here.
        TAP_GREP: '/^(?!200 starts and stops)/',
      },
    },
  )
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [output, complaints, status] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (status !== 0) t.comment(output, complaints)
  t.equal(status, 0)
  t.notMatch(complaints, /AddressSanitizer|runtime error:/)
  const passed = output.match(/^ok \d+ - (?!.*# SKIP)/gm) ?? []
  t.ok(passed.length >= 7, `${passed.length} tests passed`)
  t.same(/^loaded .*framegate\.node$/m.exec(complaints)?.[0], `loaded ${ADDON}`)
  t.equal(complaints.split('framegate.node\n').length, 2, 'no other one')
})
