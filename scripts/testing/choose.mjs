// Finds all test files, and chooses those that the command line names.

import { existsSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { filesBelow, root } from '../setup/stamp.mjs'

/** All test files, by the paths of their sources relative to the checkout. */
export function allTests() {
  const below = (folder, pattern) =>
    filesBelow(join(root, folder), (name) => pattern.test(name)).map((path) => relative(root, path))
  // List the compiled files, because only those can run.
  const tap = below('dist/test', /\.test\.js$/).map((path) => path.replace(/^dist\//, '').replace(/\.js$/, '.ts'))
  const python = (folder) => (existsSync(join(root, folder)) ? below(folder, /^test_.*\.py$|_test\.py$/) : [])
  const isBelow = (folder) => (path) => path.startsWith(folder)
  const [isQuality, isSetup] = [isBelow('test/quality/'), isBelow('test/setup/')]
  return {
    quality: tap.filter(isQuality),
    setup: tap.filter(isSetup),
    tap: tap.filter((path) => !isQuality(path) && !isSetup(path)),
    native: below('test/native', /_test\.cc$/),
    client: python('clients/python/tests'),
    python: python('test/python'),
  }
}

/**
 * @param names files, folders or parts of their paths. An empty list chooses all tests.
 * @returns {{chosen: Record<string, string[]>, unknown: string[]}} `chosen`: by kind, as in allTests. `unknown`: names that
 *   match no test.
 */
export function choose(all, names) {
  if (names.length === 0) return { chosen: all, unknown: [] }
  const wanted = names.map((name) =>
    relative(root, resolve(name))
      .replace(/^dist\//, '')
      .replace(/\.test\.js$/, '.test.ts'),
  )
  const fits = (path) => wanted.some((name) => path.includes(name))
  const chosen = Object.fromEntries(Object.entries(all).map(([kind, paths]) => [kind, paths.filter(fits)]))
  const unknown = names.filter(
    (_, i) =>
      !Object.values(all)
        .flat()
        .some((path) => path.includes(wanted[i])),
  )
  return { chosen, unknown }
}

/** CMake's name of a C++ test. */
export function nativeName(path) {
  return basename(path, '.cc')
}
