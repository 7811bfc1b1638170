// Lets one set-up at a time work on the same thing. The kernel frees the lock when its owner ends, however it ends.

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { SetupError } from './run.mjs'

const WAIT_SHOWN_MS = 300

/**
 * Runs `work` while this process alone holds the lock.
 *
 * @param onWait is called once, with the id of the process that holds it, if the lock is not free.
 * @throws {SetupError} if flock(1) is missing or cannot lock here.
 */
export async function withLock(file, onWait, work) {
  mkdirSync(dirname(file), { recursive: true })
  // flock(1) holds the lock while cat reads our end of the pipe. Detached, because Ctrl-C must not end it before apt ends.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo; exec cat'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  holder.stderr.on('data', (text) => (said += text))
  const ended = new Promise((resolve) =>
    holder.on('close', resolve).on('error', (error) => resolve((said = error.message))),
  )
  const timer = setTimeout(() => onWait(Number(readFileSync(file, 'utf8'))), WAIT_SHOWN_MS)
  const held = await Promise.race([new Promise((resolve) => holder.stdout.once('data', () => resolve(true))), ended])
  clearTimeout(timer)
  if (held !== true) throw new SetupError(`${file} cannot be locked with flock (of util-linux): ${said.trim()}`)
  try {
    writeFileSync(file, String(process.pid))
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
