// The faults that `npm run mutants` plants, and the check that they match the sources.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { clients } from './clients.mjs'
import { native } from './native.mjs'
import { security } from './security.mjs'
import { service } from './service.mjs'
import { setup } from './setup.mjs'

/**
 * @typedef {object} Mutant
 * @property {string} id
 * @property {string} why What the code does for the user without the fault.
 * @property {string} file The path of the source, relative to the checkout.
 * @property {string} text The text that the fault replaces. It occurs exactly once in the file.
 * @property {string} fault The replacement.
 * @property {string[]} [tests] Test files, of which one must fail. `path::name` runs the tests with this name only.
 * @property {string} [equivalent] Why no test can notice the fault. Such a fault is not planted.
 */

/** @type {Mutant[]} */
export const mutants = [...native, ...security, ...service, ...clients, ...setup]

/**
 * Checks that every fault can still be planted.
 *
 * @returns {string[]} a sentence for each error in the list.
 */
export function problems(list, root) {
  const read = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null)
  const ids = list.map(({ id }) => id)
  return list.flatMap(({ id, why, file, text, fault, tests = [], equivalent }, index) => {
    const source = read(file)
    const count = source === null ? 0 : source.split(text).length - 1
    return [
      ids.indexOf(id) !== index && 'another entry has the same id',
      !why && '`why` is missing',
      source === null && `there is no file ${file}`,
      source !== null && count !== 1 && `${file} has its text ${count} times instead of once:\n    ${text}`,
      text === fault && 'the fault changes nothing',
      !equivalent && tests.length === 0 && 'it names no test',
      ...tests.map((test) => {
        const [path, name = ''] = test.split('::')
        const content = read(path)
        if (content === null) return `there is no test file ${path}`
        return !content.includes(name) && `${path} has no test "${name}"`
      }),
    ]
      .filter(Boolean)
      .map((problem) => `${id}: ${problem}`)
  })
}
