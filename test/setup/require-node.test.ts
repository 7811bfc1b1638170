// A Node.js that is too old gets a sentence instead of a SyntaxError, from every entry.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import ts from 'typescript'
import t from 'tap'
import { remedy } from '../../src/remedies.js'
import { ROOT } from '../helpers/paths.js'

const require = createRequire(import.meta.url)
const { scripts, bin, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
  bin: Record<string, string>
  engines: { node: string }
}

t.test('the check refuses old versions, and says where to get a newer one', async (t) => {
  const problem = require(join(ROOT, 'bin/require-node.cjs')) as (version: string, path: string) => string | null
  for (const old of ['0.12.18', '8.17.0', '12.22.12', '16.20.2', '18.20.8', '19.9.0'])
    for (const part of [
      old,
      '/usr/bin/node',
      'Debian 12',
      'Debian 13',
      'Ubuntu 22.04',
      'Raspberry Pi OS',
      'setup_24.x',
    ])
      t.ok(problem(old, '/usr/bin/node')?.includes(part), `${old}: ${part}`)
  for (const good of ['20.0.0', '22.12.0', '24.1.0', '100.0.0']) t.equal(problem(good, ''), null, good)
  t.equal(engines.node, '>=20')
})

t.test('the check and the program are ES5, apart from import()', async (t) => {
  for (const name of ['bin/require-node.cjs', 'bin/framegated.cjs']) {
    const text = readFileSync(join(ROOT, name), 'utf8')
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES5, true, ts.ScriptKind.JS)
    const newer: string[] = []
    const visit = (node: ts.Node): void => {
      const isNew =
        ts.isArrowFunction(node) ||
        ts.isTemplateExpression(node) ||
        ts.isNoSubstitutionTemplateLiteral(node) ||
        ts.isAwaitExpression(node) ||
        ts.isSpreadElement(node) ||
        ts.isImportDeclaration(node) ||
        (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) !== 0) ||
        [ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.QuestionDotToken].includes(node.kind)
      if (isNew) newer.push(node.getText())
      ts.forEachChild(node, visit)
    }
    visit(source)
    t.strictSame(newer, [], name)
  }
})

t.test('every command of package.json and the program run the check first', async (t) => {
  for (const [name, command] of Object.entries(scripts).filter(([, command]) => command.startsWith('node ')))
    t.match(command, /^node -r \.\/bin\/require-node\.cjs (scripts|packaging|bin)\//, name)
  t.strictSame(bin, { framegated: 'bin/framegated.cjs' })
  const program = join(ROOT, bin.framegated!)
  t.match(readFileSync(program, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  t.match(execFileSync(program, ['--version'], { encoding: 'utf8' }), /^framegate \d/)
})

t.test('what to do about a missing part fits the place: a checkout or the npm package', async (t) => {
  t.ok(existsSync(join(ROOT, 'scripts/setup.mjs')))
  for (const part of ['addon', 'elements', 'libraries', 'test camera', 'MediaMTX'] as const) {
    t.match(remedy(part), /npm run setup/)
    t.notMatch(remedy(part, 'package'), /npm run setup/)
  }
})
