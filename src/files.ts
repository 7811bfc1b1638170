// Small files that others may have prepared: a pipe or a device in their place would block the gateway, and a link would
// lead it to another file.

import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { open, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

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

/** Creates a file with mode 0600. Follows no link. @throws if it exists. */
export async function createOwnFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode: 0o600 })
}

/**
 * Replaces a file, with mode 0600, in one step: after a crash or on a full disk it has its old text or the new one.
 * Follows no link.
 * @param durable also after a power cut.
 */
export async function replaceFile(path: string, text: string, durable = false): Promise<void> {
  // A name that no other user can have prepared as a link.
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await createOwnFile(temporary, text)
    if (durable) await sync(temporary)
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  // A rename is on the disk only once its folder is.
  if (durable) await sync(dirname(path))
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
