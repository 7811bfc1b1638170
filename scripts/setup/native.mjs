// Setup step: builds the addon, the test camera and, for tests, the C++ tests with CMake into build/.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { must } from './run.mjs'
import { filesBelow, hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const build = join(root, 'build')
// In build/, so that removing the folder triggers a new build.
const stampFile = join(build, '.framegate-stamp.json')
const programs = ['framegate.node', 'test-camera']

function isSource(name) {
  return /\.(cc|h|json)$/.test(name)
}

/** Hashes of the build's inputs. The compiler is not among them: after changing it, remove build/. */
function hashes() {
  const sources = [join(root, 'CMakeLists.txt'), ...filesBelow(join(root, 'native'), isSource)]
  const addonApi = JSON.parse(readFileSync(join(root, 'node_modules/node-addon-api/package.json'), 'utf8')).version
  const common = hashOf(sources, addonApi, process.versions.node.split('.')[0], process.arch)
  return { programs: common, tests: hashOf(filesBelow(join(root, 'test/native'), isSource), common) }
}

/** Whether a build with this stamp is up to date. */
export function isCurrent(stamp, wanted, forTests) {
  return stamp.programs === wanted.programs && (!forTests || stamp.tests === wanted.tests)
}

/** A build without the tests keeps their old stamp. */
export function stampAfter(stamp, wanted, forTests) {
  return { programs: wanted.programs, tests: forTests ? wanted.tests : stamp.tests }
}

/** 0 to 1 from a line of make ("[ 45%] Building ...") or ninja ("[12/40] Building ..."); null from any other line. */
export function buildProgress(line) {
  const make = /^\[ *(\d+)%\]/.exec(line)
  if (make !== null) return Number(make[1]) / 100
  const ninja = /^\[(\d+)\/(\d+)\]/.exec(line)
  return ninja === null ? null : Number(ninja[1]) / Number(ninja[2])
}

/** "compiling native/core/gate.cc" from a line of make or ninja. */
export function taskOf(line) {
  const text = line.replace(/^\[.*?\] */, '')
  const source = /^Building CXX object (?:CMakeFiles\/)?[^/]+\.dir\/(.*)\.o$/.exec(text)?.[1]
  return source === undefined ? text : `compiling ${source}`
}

/** CMake cannot reuse a build folder of another checkout, or of one that was moved. */
function removeForeignBuild() {
  let cache
  try {
    cache = readFileSync(join(build, 'CMakeCache.txt'), 'utf8')
  } catch {
    return
  }
  const of = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(cache)?.[1]
  if (of !== root) rmSync(build, { recursive: true, force: true })
}

/** Configures build/, which includes compile_commands.json. @throws {SetupError} */
export async function configure() {
  removeForeignBuild()
  // cmake-js uses the headers of the npm package node-api-headers, so it downloads nothing.
  const cmakeJs = join(root, 'node_modules/cmake-js/bin/cmake-js')
  await must('CMake could not configure the native build.', process.execPath, [cmakeJs, 'configure'], { cwd: root })
}

/** @throws {SetupError} with the compiler's output. */
export async function nativeBuild({ step, forTests }) {
  const wanted = hashes()
  const stamp = readStamp(stampFile)
  const built = programs.every((name) => existsSync(join(build, 'Release', name)))
  if (built && isCurrent(stamp, wanted, forTests)) return

  step.update('configuring')
  await configure()
  const output = []
  const args = [
    '--build',
    build,
    '--config',
    'Release',
    '--parallel',
    String(availableParallelism()),
    // One target, so that the percentage is that of all.
    ...(forTests ? [] : ['--target', 'programs']),
  ]
  try {
    await must('The native build failed:', 'cmake', args, {
      cwd: root,
      onLine: (line) => {
        const fraction = buildProgress(line)
        if (fraction === null) {
          output.push(line)
        } else {
          step.update(taskOf(line), fraction)
        }
        return fraction !== null
      },
    })
  } catch (error) {
    // Show the whole output: the first error matters most, and it is rarely among the last lines.
    step.pause()
    error.message =
      `The native build failed:\n${output.slice(0, 400).join('\n')}\n` +
      'If the compiler or GStreamer was updated, remove build/ and run this command again.'
    throw error
  }
  writeStamp(stampFile, stampAfter(stamp, wanted, forTests))
  step.done('built')
}
