// Systems without Debian packages: checks that everything the build needs is installed, and lists what is missing.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, SetupError, which } from './run.mjs'
import { hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const build = JSON.parse(readFileSync(join(root, 'native/build.json'), 'utf8'))

const needs = {
  programs: ['cmake', 'c++', 'pkg-config', 'gst-inspect-1.0', 'curl'],
  testPrograms: ['python3', 'gst-launch-1.0'],
  // Includes their headers. libyuv has no .pc file, so `headers` names it.
  pkgConfig: [...new Set([...build.pkg_config, ...build.test_camera_pkg_config])],
  headers: ['libyuv.h'],
  elements: [...build.gst_elements, ...build.test_camera_gst_elements],
}

/** @returns a line for each of `needs` that is not installed. */
async function missingNeeds(forTests) {
  const programs = forTests ? [...needs.programs, ...needs.testPrograms] : needs.programs
  const missing = programs.filter((name) => which(name) === null).map((name) => `program ${name}`)
  const found = async (command, args) => (await run(command, args)).code === 0
  for (const name of needs.pkgConfig) {
    if (!(await found('pkg-config', ['--exists', name]))) missing.push(`pkg-config ${name}`)
  }
  for (const name of needs.headers) {
    const include = ['c++', ['-x', 'c++', '-include', name, '-fsyntax-only', '/dev/null']]
    if (!(await found(...include))) missing.push(`header ${name}`)
  }
  for (const name of needs.elements) {
    if (!(await found('gst-inspect-1.0', ['--exists', name]))) missing.push(`GStreamer element ${name}`)
  }
  return missing
}

/**
 * @param options.onlyLook true: returns false instead of throwing if something is missing.
 * @throws {SetupError} with the list of what is missing.
 */
export async function otherSystem({ step, forTests, onlyLook = false }) {
  // The check takes a second. Once it has passed, it is skipped until the next `npm ci`.
  const file = join(root, 'node_modules', '.framegate-system.json')
  const hash = hashOf([], JSON.stringify(needs), String(forTests))
  if (readStamp(file).hash === hash) return true
  const missing = await missingNeeds(forTests)
  if (missing.length === 0) {
    if (existsSync(join(root, 'node_modules'))) writeStamp(file, { hash })
    return true
  }
  if (onlyLook) return false
  step.pause()
  throw new SetupError(
    'This system has no apt. Install what Framegate needs with the package manager of this system, then run this command again.\n' +
      `Missing:\n${missing.map((name) => `  ${name}`).join('\n')}\n` +
      'These packages provide it: a C++17 compiler, cmake, pkg-config, curl, GStreamer 1.20 or newer with its base, good,\n' +
      'bad, ugly and libav plugins, gst-rtsp-server, libyuv and libjpeg-turbo (TurboJPEG API), each with its headers.',
  )
}
