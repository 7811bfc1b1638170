// The quality gates. Each has a tool, the files it checks, and what to do if it fails.

import { dirname, join } from 'node:path'
import { run } from '../setup/run.mjs'
import { filesBelow, root } from '../setup/stamp.mjs'
import { python } from '../setup/python-venv.mjs'
import { clangTidy } from './clang-tidy.mjs'

const inVenv = (program) => join(dirname(python), program)
const cppFiles = () =>
  ['native', 'test/native'].flatMap((folder) => filesBelow(join(root, folder), (name) => /\.(cc|h)$/.test(name)))
const pythonClient = join(root, 'clients/python')
const pythonFolders = ['.', '../../test/python', '../../bench']
const format = 'To fix it: npm run format'

/** @returns {Promise<{ok: boolean, output: string}>} */
async function tool(command, args, cwd = root) {
  const lines = []
  const { code, missing } = await run(command, args, { cwd, onLine: (line) => lines.push(line) > 0 })
  if (missing) lines.push(`${command} is not installed. Run: npm run setup -- --tests`)
  return { ok: code === 0, output: lines.join('\n') }
}

const node = (script, ...args) => tool(process.execPath, [join(root, 'node_modules', script), ...args])
const prettier = (mode) => node('prettier/bin/prettier.cjs', mode, '--log-level', 'warn', '.')
const clangFormat = (...mode) => tool(inVenv('clang-format'), [...mode, ...cppFiles()])
const ruff = (...args) =>
  tool(inVenv('ruff'), [...args, '--no-cache', '--config', 'pyproject.toml', ...pythonFolders], pythonClient)

/** Uses its own build info, because the setup's must describe what the setup compiled. */
const tsc = (project) =>
  node(
    'typescript/bin/tsc',
    '--noEmit',
    '--pretty',
    'false',
    '-p',
    project,
    '--incremental',
    '--tsBuildInfoFile',
    join(root, 'dist/typecheck', `${project.replaceAll('/', '_')}.tsbuildinfo`),
  )

/** `sentence` is the test's name. Only formatters have `write`. */
export const gates = [
  {
    name: 'Prettier',
    kind: 'format',
    sentence: 'Prettier would change no file',
    check: () => prettier('--check'),
    write: () => prettier('--write'),
    remedy: format,
  },
  {
    name: 'clang-format',
    kind: 'format',
    sentence: 'clang-format would change no file',
    check: () => clangFormat('--dry-run', '--Werror'),
    write: () => clangFormat('-i'),
    remedy: format,
  },
  {
    name: 'Ruff format',
    kind: 'format',
    sentence: 'Ruff would reformat no file',
    check: () => ruff('format', '--check'),
    write: () => ruff('format'),
    remedy: format,
  },
  {
    name: 'ESLint',
    kind: 'lint',
    sentence: 'ESLint finds nothing in the TypeScript and JavaScript code',
    check: () => node('eslint/bin/eslint.js', '--max-warnings', '0', '.'),
    remedy: 'To fix what can be fixed automatically: npx eslint --fix .',
  },
  {
    name: 'Ruff',
    kind: 'lint',
    sentence: 'Ruff finds nothing in the Python code',
    check: () => ruff('check'),
    remedy:
      'To fix what can be fixed automatically: cd clients/python && ../../.venv/bin/ruff check --fix . ../../test/python ../../bench',
  },
  ...[
    ['the Python client', '-p', 'framegate', '-m', 'capture', '-m', 'consumer_example'],
    // union-attr: a test that gets None instead of a frame fails anyway.
    ["the Python client's tests", '--disable-error-code', 'union-attr', 'tests'],
    ['the Python tests and benchmarks', '--disable-error-code', 'union-attr', '../../test/python', '../../bench'],
  ].map(([what, ...args]) => ({
    name: `mypy: ${what}`,
    kind: 'lint',
    sentence: `mypy --strict finds nothing in ${what}`,
    check: () => tool(python, ['-m', 'mypy', '--cache-dir', join(root, 'dist/mypy'), ...args], pythonClient),
    remedy: 'Fix the types it reports. To run it again: npm run lint',
  })),
  ...[
    ['the addon', 'native/core', 'native/addon'],
    ['the test camera and the C++ tests', 'native/test_camera', 'test/native'],
  ].map(([what, ...folders]) => ({
    name: `clang-tidy: ${what}`,
    kind: 'lint',
    sentence: `clang-tidy finds nothing in ${what}`,
    check: () => clangTidy(folders),
    remedy: 'Correct the lines it names; to run it again: npm run lint',
  })),
  ...[
    ['tsconfig.json', 'the service and its tests'],
    ['clients/react/tsconfig.json', 'the React component'],
    ['clients/react/page/tsconfig.json', 'the page'],
  ].map(([project, what]) => ({
    name: `tsc -p ${project}`,
    kind: 'types',
    sentence: `TypeScript finds no errors in ${what}`,
    check: () => tsc(project),
    remedy: 'Fix the types it reports. To run it again: npm run typecheck',
  })),
]
