// The documentation has working links and correct spelling, and avoids constructions that readers stumble over.

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../helpers/paths.js'

/** Constructions to avoid, and what to write instead. */
const STUMBLES: [RegExp, string][] = [
  [/\banew\b/i, 'again'],
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
  [/\bwhoever\b/i, 'the client, the caller'],
  [/\bin place of\b/i, 'instead of'],
  [/\blet(s|ting)? go of\b/i, 'drop, skip'],
  [/\bnought\b/i, 'nothing, zero'],
]
const SELF = 'test/quality/prose.test.ts'

function run(program: string, args: string[], input = ''): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules', program), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    input,
  })
  return { status, output: stdout + stderr }
}

/** What git tracks, without binary files and recorded bytes. */
function textFiles(...patterns: string[]): string[] {
  const files = execFileSync('git', ['ls-files', '-z', '--', ...patterns], { cwd: ROOT, encoding: 'utf8' })
  return files.split('\0').filter((file) => file !== '' && file !== SELF && !/\.(jpg|svg)$|\/corpus\//.test(file))
}

t.test('every link and anchor in Markdown works', async (t) => {
  const { status, output } = run('remark-cli/cli.js', [...textFiles('*.md'), '--quiet', '--frail', '--no-color'])
  t.equal(status, 0, output)
})

t.test('every word is in the dictionary or in cspell-words.txt', async (t) => {
  const args = ['--no-progress', '--no-summary', '--no-must-find-files', '--file-list', 'stdin']
  const { status, output } = run('cspell/bin.mjs', args, textFiles().join('\n'))
  t.equal(status, 0, output)
})

t.test('no sentence uses a construction that readers stumble over', async (t) => {
  const found: string[] = []
  for (const file of textFiles()) {
    for (const [i, line] of readFileSync(join(ROOT, file), 'utf8').split('\n').entries()) {
      for (const [pattern, better] of STUMBLES) {
        if (pattern.test(line)) found.push(`${file}:${i + 1}: write "${better}" instead: ${line.trim()}`)
      }
    }
  }
  t.same(found, [])
})
