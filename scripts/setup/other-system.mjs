// What is needed where there are no Debian packages: looks whether it is there, or lists it.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, SetupError, which } from './run.mjs'
import { hashOf, readStamp, root, writeStamp } from './stamp.mjs'

const build = JSON.parse(readFileSync(join(root, 'native/build.json'), 'utf8'))

const needs = {
  programs: ['cmake', 'c++', 'pkg-config', 'gst-inspect-1.0', 'curl'],
  testPrograms: ['python3', 'gst-launch-1.0'],
  // With their headers. libyuv has no .pc file, so its header is looked for.
  pkgConfig: [...new Set([...build.pkg_config, ...build.test_camera_pkg_config])],
  headers: ['libyuv.h'],
  elements: [...build.gst_elements, ...build.test_camera_gst_elements],
}

/** What of `needs` is not here, each as people would look for it. */
async function lacking(forTests) {
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
 * @param options.onlyLook true: returns whether all is here, in place of an error.
 * @throws {SetupError} the list of what is missing.
 */
export async function otherSystem({ step, forTests, onlyLook = false }) {
  // Looking takes a second; what was found once is not looked for again until the next `npm ci`.
  const file = join(root, 'node_modules', '.framegate-system.json')
  const hash = hashOf([], JSON.stringify(needs), String(forTests))
  if (readStamp(file).hash === hash) return true
  const missing = await lacking(forTests)
  if (missing.length === 0) {
    if (existsSync(join(root, 'node_modules'))) writeStamp(file, { hash })
    return true
  }
  if (onlyLook) return false
  step.pause()
  throw new SetupError(
    'This system has no apt, so please install what Framegate needs with its own package manager.\n' +
      `Missing here:\n${missing.map((name) => `  ${name}`).join('\n')}\n` +
      'They come with: a C++17 compiler, cmake, pkg-config, GStreamer 1.20 or newer with its base, good, bad, ugly and\n' +
      'libav plugins, gst-rtsp-server, libyuv and libjpeg-turbo (TurboJPEG API), each with its headers.',
  )
}
