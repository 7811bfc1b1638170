// Small files that others may have prepared: a pipe or a device in their place would block the gateway, and a link would
// lead it to another file.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants

/** @throws if it cannot be read, is not a regular file, or has more than this many bytes. */
export function readSmallFile(path: string, mostBytes: number): string {
  const file = openSync(path, O_RDONLY | O_NONBLOCK)
  try {
    const status = fstatSync(file)
    if (!status.isFile()) throw new Error('it is not a file')
    if (status.size > mostBytes) throw new Error(`it has more than ${mostBytes} bytes`)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** The text of a file that the gateway itself has written; '' if there is none. Follows no link. */
export function readOwnFile(path: string): Promise<string> {
  return readFile(path, { encoding: 'utf8', flag: O_RDONLY | O_NOFOLLOW | O_NONBLOCK }).catch(() => '')
}

/** Writes a file with mode 0600. Follows no link. @param fresh fails if the file exists. */
export async function writeOwnFile(path: string, text: string, fresh = false): Promise<void> {
  const flag = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | (fresh ? O_EXCL : O_TRUNC)
  await writeFile(path, text, { flag, mode: 0o600 })
}
