// The test files of all kinds, and which of them the command line chooses.

import { existsSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { filesBelow, root } from '../setup/stamp.mjs'

const pythonFolders = ['clients/python/tests', 'test/python']

/** All test files, by their sources' paths from the checkout. */
export function allTests() {
  const below = (folder, pattern) =>
    filesBelow(join(root, folder), (name) => pattern.test(name)).map((path) => relative(root, path))
  // The compiled ones: only what was compiled can run.
  const tap = below('dist/test', /\.test\.js$/).map((path) => path.replace(/^dist\//, '').replace(/\.js$/, '.ts'))
  const isQuality = (path) => path.startsWith('test/quality/')
  return {
    quality: tap.filter(isQuality),
    tap: tap.filter((path) => !isQuality(path)),
    native: below('test/native', /_test\.cc$/),
    python: pythonFolders
      .filter((folder) => existsSync(join(root, folder)))
      .flatMap((folder) => below(folder, /^test_.*\.py$|_test\.py$/)),
  }
}

/**
 * @param names files, folders or parts of their paths; all tests where there are none.
 * @returns {{chosen: {quality: string[], tap: string[], native: string[], python: string[]}, unknown: string[]}} `unknown`: names that fit no test.
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
