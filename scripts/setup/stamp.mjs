// Stamps: files that record the hash of a step's inputs, so that the step runs again only if they change.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** All files below a folder whose name `wanted` accepts, in a fixed order. No files if the folder does not exist. */
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

/** SHA-256 of the files' names and contents and of further texts. A missing file changes the hash too. */
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

/** The stamp's content; an empty object if it is missing or damaged. */
export function readStamp(file) {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8'))
    return value !== null && typeof value === 'object' ? value : {}
  } catch {
    return {}
  }
}

/** Writes a stamp atomically. */
export function writeStamp(file, value) {
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(value)}\n`)
  renameSync(temporary, file)
}
