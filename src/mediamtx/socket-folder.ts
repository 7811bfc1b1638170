// The folder of the Unix sockets between the gateway and its MediaMTX. After kill -9 it stays, and the next start
// removes it.

import { once } from 'node:events'
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning } from '../processes.js'

const PREFIX = 'framegate-mediamtx-'

/** Makes a folder that no other user can enter, and removes those of gateways that ended without removing theirs. */
export async function socketFolder(): Promise<string> {
  await removeDead()
  return mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`)) // Its mode is 0700.
}

async function removeDead(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1])
    if (!Number.isInteger(pid) || isRunning(pid)) continue
    const folder = join(tmpdir(), name)
    try {
      const { uid } = lstatSync(folder)
      if (uid !== process.getuid?.() || (await isServed(folder))) continue
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // Another gateway that starts now removes it.
    }
  }
}

/** In another container, the process may live although this one does not see it. */
async function isServed(folder: string): Promise<boolean> {
  for (const name of readdirSync(folder)) {
    const socket = connect(join(folder, name))
    const served = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (served) return true
  }
  return false
}
