// `npm run mutants`: plants one fault of scripts/mutants/ at a time in a copy of the checkout and runs the tests that
// must notice it. The exit status is 1 if a fault survives, 2 if the list or the checkout has an error.
//   npm run mutants -- 7 lag       only number 7, and those with "lag" in their id, source or test
//   npm run mutants -- test/unit   only those that unit tests must notice
//   npm run mutants -- --check     only checks that every fault can still be planted

import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { mutants, problems } from './mutants/list.mjs'
import { setupOrExit } from './setup.mjs'
import { root } from './setup/stamp.mjs'

// A fault may make a test hang. That counts as noticed.
const TEST_LIMIT_MS = 600_000
const BUILD_LIMIT_MS = 1_200_000

const words = process.argv.slice(2)
const stale = problems(mutants, root)
if (stale.length > 0)
  fail(`Some faults do not match the sources. Update them in scripts/mutants/:\n${stale.join('\n')}`)
if (words.includes('--check')) {
  process.stdout.write(`All ${mutants.length} faults can be planted.\n`)
  process.exit(0)
}
const unknown = words.find((word) => !mutants.some((mutant, i) => isMeant(word, mutant, i)))
if (unknown !== undefined) fail(`No fault has "${unknown}" as its number or in its id, source or tests.`)
const chosen = mutants.filter((mutant, i) => words.length === 0 || words.some((word) => isMeant(word, mutant, i)))
const planted = chosen.filter(({ equivalent }) => !equivalent)

await setupOrExit({ forTests: true })
let group = 0
const copy = mkdtempSync(join(tmpdir(), 'framegate-mutants-'))
// A test that fails at once leaves its temporary files.
const temporary = join(copy, '.tmp')
mkdirSync(temporary)
process.on('exit', () => {
  killGroup()
  rmSync(copy, { recursive: true, force: true })
})
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, () => process.exit(status))
}

await prepare()
const tests = [...new Set(planted.flatMap((mutant) => mutant.tests))]
for (const test of tests) {
  const { ok, seconds, output } = await run(...commandOf(test))
  if (!ok) fail(`${test} fails without a fault:\n${output}`)
  say('green', seconds, test)
}

const survivors = []
const broken = []
for (const mutant of planted) {
  const path = join(copy, mutant.file)
  const source = readFileSync(path, 'utf8')
  // A function, so that `$&` in a fault is not a pattern.
  writeFileSync(
    path,
    source.replace(mutant.text, () => mutant.fault),
  )
  const built = await build(mutant)
  const startedAt = Date.now()
  const noticed = built.ok ? await noticedBy(mutant) : null
  const seconds = (Date.now() - startedAt) / 1000
  writeFileSync(path, source)
  // If the next fault is of the same kind, its build replaces what this one built.
  const next = planted[planted.indexOf(mutant) + 1]
  if (next !== undefined && kindOf(next) !== kindOf(mutant)) await build(mutant)
  const label = `${mutants.indexOf(mutant) + 1} ${mutant.id}\n${' '.repeat(20)}`
  if (!built.ok) {
    broken.push(mutant)
    say('BROKEN', seconds, `${label}it does not compile:\n${built.output}`)
  } else if (noticed === null) {
    survivors.push(mutant)
    say('SURVIVED', seconds, `${label}${mutant.why}`)
  } else {
    say('noticed', seconds, `${label}${noticed}`)
  }
}

for (const { id, equivalent } of chosen.filter((mutant) => mutant.equivalent)) {
  say('equivalent', 0, `${id}\n${' '.repeat(20)}${equivalent}`)
}
const noticedCount = planted.length - survivors.length - broken.length
process.stdout.write(
  `${noticedCount} noticed, ${survivors.length} survived, ${chosen.length - planted.length} equivalent` +
    `${broken.length > 0 ? `, ${broken.length} do not compile` : ''}\n`,
)
process.exit(broken.length > 0 ? 2 : survivors.length > 0 ? 1 : 0)

function isMeant(word, { id, file, tests = [] }, index) {
  return /^\d+$/.test(word) ? Number(word) === index + 1 : [id, file, ...tests].some((text) => text.includes(word))
}

/** Copies the files that Git tracks or would add, and their build outputs. */
async function prepare() {
  const { output } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  for (const path of output.split('\0')) {
    if (path !== '' && existsSync(join(root, path))) cpSync(join(root, path), join(copy, path))
  }
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true, preserveTimestamps: true })
  for (const folder of ['node_modules', '.venv']) symlinkSync(join(root, folder), join(copy, folder))
  if (!planted.some((mutant) => kindOf(mutant) === 'native')) {
    cpSync(join(root, 'build'), join(copy, 'build'), { recursive: true })
    return
  }
  // A CMake build folder cannot be moved, so build in the copy.
  await must(process.execPath, ['node_modules/cmake-js/bin/cmake-js', 'configure'])
  await must(...cmake(planted.flatMap((mutant) => mutant.tests)))
}

/** What a source is built into. Between two faults of one kind, the original is not rebuilt. */
function kindOf({ file }) {
  if (file.startsWith('native/')) return 'native'
  if (file.startsWith('clients/react/')) return 'page'
  return file.endsWith('.ts') ? 'service' : 'script'
}

async function build(mutant) {
  const node = (program, ...args) => [process.execPath, [join('node_modules', program), ...args]]
  const commands = {
    native: [cmake(mutant.tests)],
    service: [node('typescript/bin/tsc', '-p', '.')],
    page: [
      node('typescript/bin/tsc', '-p', '.'),
      node('typescript/bin/tsc', '-p', 'clients/react/page', '--noEmit'),
      node('vite/bin/vite.js', 'build', '--config', 'clients/react/page/vite.config.ts'),
    ],
    script: [],
  }[kindOf(mutant)]
  for (const command of commands) {
    const result = await run(...command, { limitMs: BUILD_LIMIT_MS })
    if (!result.ok) return result
  }
  return { ok: true, output: '' }
}

/** The command that builds what these tests run. */
function cmake(paths) {
  const names = paths.filter((path) => path.endsWith('.cc')).map((path) => basename(path, '.cc'))
  const programs = names.length < paths.length ? ['framegate', 'test-camera', 'slow_decoder'] : ['test-camera']
  const parallel = String(availableParallelism())
  return ['cmake', ['--build', 'build', '--parallel', parallel, '--target', ...programs, ...new Set(names)]]
}

function commandOf(test) {
  const [path, name] = test.split('::')
  if (path.endsWith('.cc')) {
    return [
      'ctest',
      ['--test-dir', 'build', '-R', `^${basename(path, '.cc')}$`, '--output-on-failure', '--no-tests=error'],
    ]
  }
  if (path.endsWith('.py')) return ['.venv/bin/python', ['-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider', test]]
  const escaped = name?.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  const limits = { TAP_BAIL: '1', TAP_TIMEOUT: String(TEST_LIMIT_MS / 1000) }
  const env = { TAP: '1', ...limits, ...(escaped === undefined ? {} : { TAP_GREP: `/${escaped}/` }) }
  return [process.execPath, ['--enable-source-maps', `dist/${path.replace(/\.ts$/, '.js')}`], { env }]
}

/** @returns the test that failed and what it said; null if none did. */
async function noticedBy(mutant) {
  for (const test of mutant.tests) {
    const { ok, output } = await run(...commandOf(test))
    if (!ok) return `${test.split('::')[0]}: ${failureLine(output)}`
  }
  return null
}

/** The line in which tap, pytest, check.h or a sanitizer reports the failure. */
function failureLine(output) {
  const patterns = [
    /^\s*not ok \d+ - (.*)$/m,
    /^(?:FAILED|ERROR) (.*)$/m,
    /^.*?([^/\s]+:\d+: .* does not hold.*)$/m,
    /(\w+Sanitizer: .*)/,
  ]
  const found = patterns.map((pattern) => pattern.exec(output)?.[1]).find((line) => line !== undefined)
  return (found ?? output.trim().split('\n').at(-1) ?? '').slice(0, 120)
}

/** Runs a command in the copy, in its own process group, so that no process is left behind. */
function run(command, args, { cwd = copy, env = {}, limitMs = TEST_LIMIT_MS } = {}) {
  const startedAt = Date.now()
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', TMPDIR: temporary, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    group = child.pid ?? 0
    let output = ''
    const timer = setTimeout(() => {
      output += `\nnot ok 1 - it did not finish within ${limitMs / 1000} s`
      killGroup()
    }, limitMs)
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', (error) => (output += error.message))
    child.on('exit', killGroup)
    child.on('close', (code) => {
      clearTimeout(timer)
      group = 0
      resolve({ ok: code === 0, output, seconds: (Date.now() - startedAt) / 1000 })
    })
  })
}

async function must(command, args) {
  const { ok, output } = await run(command, args, { limitMs: BUILD_LIMIT_MS })
  if (!ok) fail(`${basename(command)} ${args[0]} fails without a fault:\n${output}`)
}

function killGroup() {
  if (group === 0) return
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

function say(outcome, seconds, text) {
  process.stdout.write(`${outcome.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s  ${text}\n`)
}

function fail(text) {
  process.stderr.write(`${text}\n`)
  process.exit(2)
}
