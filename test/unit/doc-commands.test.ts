// The commands in the documentation exist: npm scripts, commands and flags of the programs, environment variables, files
// and paths of the API.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseArguments } from '../../src/command-line.js'
import { messageOf } from '../../src/errors.js'
import { OPERATIONS } from '../../src/http/operations.js'
import { SETTINGS } from '../../src/settings.js'
import { docCommands, type DocCommand } from '../helpers/doc-commands.js'
import { ROOT } from '../helpers/paths.js'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const packageJson = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>
  devDependencies: Record<string, string>
}

/** The files below each folder with source that may read a variable. */
function sources(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return /^(node_modules|dist|build|corpus|\..*)$/.test(entry.name) ? [] : sources(path)
      return /\.(ts|mjs|py|sh|cc|h|yaml)$/.test(path) ? [path] : []
    }),
  )
}

const READS = [
  /(?:environ(?:\.get)?|[eE]nv)[[(]['"](\w+)/g,
  /\benv\.([A-Z]\w+)/g,
  /[gG]et(?:env|Env)?\("([A-Z]\w+)/g,
  /\$\{([A-Z]\w+)/g,
]
const VARIABLES = new Set(Object.values(SETTINGS).map(({ env }) => env))
for (const path of sources('src', 'clients/python', 'native', 'scripts', 'packaging', 'bench', 'test'))
  for (const pattern of READS) for (const [, name = ''] of read(path).matchAll(pattern)) VARIABLES.add(name)

/** What a Python program's argparse accepts: by command, or '' for all of them. */
function argparseFlags(path: string): Map<string, Set<string>> {
  const text = read(path)
  const flags = new Map<string, Set<string>>([['', new Set(['--help', '-h'])]])
  for (const [, command = ''] of text.matchAll(/\bcommand\("([\w-]+)"/g)) flags.set(command, new Set())
  for (const [, parser = '', flag = ''] of text.matchAll(/(\w+)\.add_argument\(\s*"(-[\w-]+)"/g))
    flags.get(flags.has(parser) ? parser : '')?.add(flag)
  return flags
}
const CLIENT = argparseFlags('clients/python/framegate/cli.py')
const RUNNER = argparseFlags('clients/python/framegate/run.py').get('') ?? new Set()

type Check = (words: string[]) => string | null

const flagsIn = (words: string[]) =>
  words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/=.*/, ''))
function unknownFlag(words: string[], known: { has(flag: string): boolean }): string | null {
  const flag = flagsIn(words).find((flag) => !known.has(flag))
  return flag === undefined ? null : `unknown flag ${flag}`
}

function framegated(words: string[]): string | null {
  try {
    parseArguments(words)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

/** A script of this repository, with flags that it mentions. */
function script(words: string[]): string | null {
  const [path = '', ...rest] = words
  if (!path.includes('/')) return null // The reader's own program.
  const source = path.replace(/^dist\/(test\/.*)\.js$/, '$1.ts')
  if (!existsSync(join(ROOT, source))) return `there is no ${source}`
  const text = read(source)
  return unknownFlag(rest, {
    has: (flag) => new RegExp(`${flag}(?![\\w-])|\\b${flag.replace(/^-+/, '')}: \\{`).test(text),
  })
}

/** What comes after `--` in an npm command. */
const passedOn = (words: string[]) => (words.includes('--') ? words.slice(words.indexOf('--') + 1) : [])

function npm(words: string[]): string | null {
  const [command = '', ...rest] = words
  if (command === 'run') {
    const name = rest.find((word) => !word.startsWith('-')) ?? ''
    const line = packageJson.scripts[name]
    if (line === undefined) return `package.json has no script "${name}"`
    const program = line.split(' ').find((word) => /^(scripts|packaging)\//.test(word))
    return program === undefined ? null : script([program, ...passedOn(rest)])
  }
  if (command === 'start') return framegated(passedOn(rest).filter((word) => word !== '...'))
  return ['test', 'install', 'pack', 'publish', ''].includes(command) ? null : `npm has no command "${command}"`
}

function unit(words: string[]): string | null {
  const given = words.includes('-u') ? words[words.indexOf('-u') + 1] : words[0]?.startsWith('-') ? undefined : words[1]
  return given === undefined || existsSync(join(ROOT, `packaging/systemd/${given}.service`))
    ? null
    : `there is no unit ${given}`
}

function apiPath(words: string[]): string | null {
  const address = words.find((word) => word.startsWith('http://127.0.0.1:8090'))
  if (address === undefined) return null
  const { pathname } = new URL(address)
  const paths = Object.keys(OPERATIONS).map((path) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`))
  return paths.some((path) => path.test(pathname)) ? null : `the API has no ${pathname}`
}

const CHECKS: Record<string, Check> = {
  npm,
  npx: ([name = '']) =>
    [name, name === 'tsc' ? 'typescript' : name].some((dependency) => dependency in packageJson.devDependencies)
      ? null
      : `${name} is not among the dependencies`,
  framegated,
  framegate: ([command = '', ...rest]) => {
    const flags = CLIENT.get(command.startsWith('-') ? '' : command)
    if (flags === undefined) return `unknown command "${command}"`
    return unknownFlag([command, ...rest], { has: (flag) => flags.has(flag) || CLIENT.get('')?.has(flag) === true })
  },
  'framegate-run': (words) => {
    // Every option before the program takes a value; what follows is the program's.
    let at = 0
    while (words[at]?.startsWith('-') && words[at] !== '-m') at += 2
    return unknownFlag(words.slice(0, at), RUNNER)
  },
  'build/Release/test-camera': (words) => {
    const options = read('native/test_camera/options.cc')
    return unknownFlag(words, { has: (flag) => options.includes(`"${flag}"`) })
  },
  node: script,
  python: script,
  python3: (words) => (words[0] === '-m' ? null : script(words)),
  sh: script,
  systemctl: unit,
  journalctl: unit,
  curl: apiPath,
}
/** Programs of the system, in blocks. */
const SYSTEM = '. apt-get cat cd cp df docker echo editor grep jq mkdir pip pkill sort ss sudo umask uniq export'.split(
  ' ',
)
/** Folders of the repository, whose files a command may name. */
const IN_TREE = /^(\.\/)?(bench|bin|clients|docs|native|packaging|scripts|src|test)\/[^:]*$/
/** Files that a command makes. */
const MADE = ['packaging/container/framegate.yaml']

function problem(command: DocCommand): string | null {
  const { program, words, variables } = command
  const variable = variables.find((name) => !VARIABLES.has(name) && !name.startsWith('MTX_') && name !== 'NAME')
  if (variable !== undefined) return `nothing reads ${variable}`
  const paths = [program, ...words].map((word) => word.replace(/\[\w+\]$/, '')).filter((word) => IN_TREE.test(word))
  const missing = paths.find((path) => !existsSync(join(ROOT, path)) && !MADE.includes(path))
  if (missing !== undefined) return `there is no ${missing}`
  const test = /^build\/Release\/(\w+_test)$/.exec(program)?.[1]
  if (test !== undefined)
    return existsSync(join(ROOT, `test/native/${test}.cc`)) ? null : `there is no C++ test ${test}`
  const check = CHECKS[program] ?? (IN_TREE.test(program) ? () => script([program, ...words]) : undefined)
  if (check) return check(words)
  return program !== '' && !SYSTEM.includes(program) ? `unknown program "${program}"` : null
}

const problems = (file: string, markdown: string) =>
  docCommands(file, markdown).flatMap((command) => {
    const found = problem(command)
    return found === null ? [] : [`${command.where}: ${found}`]
  })

const FILES = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md', 'clients/python/README.md'],
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]

t.test('every command in the documentation exists', async (t) => {
  let count = 0
  for (const file of FILES) {
    count += docCommands(file, read(file)).length
    t.same(problems(file, read(file)), [], file)
  }
  t.ok(count > 100, `only ${count} commands were found`)
})

t.test('a command that does not exist is found, in a block and in a sentence', async (t) => {
  const wrong = [
    'npm run benches',
    'npm run package:debian -- --output x',
    'npm start -- --demos',
    'npm starts',
    'framegated cheque',
    'framegated check --http-prt 1',
    'sudo framegated check-cameras x',
    'framegate lst',
    'framegate stop NAME --retry',
    'framegate --base x list',
    'framegate-run --pub_fps 5 program.py',
    'build/Release/test-camera --codecs h264',
    'node bench/alert.mjs',
    'python3 bench/damage.py --second 5',
    'packaging/try-debians.sh a b',
    'PORT_OFFSETS=100 npm start',
    'export FRAMEGATE_TOKENS=x',
    'systemctl status framegate',
    'journalctl -u framegate',
    'build/Release/units_fuzz_test',
    'LANE_SOCKETS=off',
    'framegate-rum program.py',
  ]
  for (const command of wrong) {
    t.equal(problems('a.md', `Run \`${command}\` first.`).length, 1, `in a sentence: ${command}`)
    t.equal(problems('a.md', `\`\`\`sh\ncd . && ${command} # why\n\`\`\`\n`).length, 1, `in a block: ${command}`)
  }
  for (const command of ['framgate list', 'curl -s http://127.0.0.1:8090/camera/lobby-1', 'cat docs/nothing.md'])
    t.equal(problems('a.md', `\`\`\`sh\n${command}\n\`\`\`\n`).length, 1, command)
})
