// Stamps: files that tell from which inputs something was made, so that it is made again only when they change.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** All files below a folder that the test lets through, in a fixed order; none where there is no folder. */
export function filesBelow(folder, wanted = () => true) {
  let entries
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === '__pycache__' ? [] : filesBelow(path, wanted)
    return wanted(entry.name) ? [path] : []
  })
}

/** SHA-256 over the files' names and contents and over further texts. A file that is not there counts as such. */
export function hashOf(files, ...texts) {
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(`\0${file.startsWith(root) ? file.slice(root.length) : file}\0`)
    try {
      hash.update(readFileSync(file))
    } catch {
      hash.update('\0missing')
    }
  }
  for (const text of texts) hash.update(`\0${text}`)
  return hash.digest('hex')
}

/** What the stamp says; an empty object where there is none or it is damaged. */
export function readStamp(file) {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8'))
    return value !== null && typeof value === 'object' ? value : {}
  } catch {
    return {}
  }
}

/** Written whole or not at all. */
export function writeStamp(file, value) {
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(value)}\n`)
  renameSync(temporary, file)
}
