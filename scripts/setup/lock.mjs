// Lets one setup at a time work on the same files. The kernel releases the lock when its owner ends, even if killed.

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { SetupError } from './run.mjs'

const WAIT_SHOWN_MS = 300
const SHOWN_AGAIN_MS = 5000

/**
 * Runs `work` while this process holds the lock.
 *
 * @param onWait called soon and then every 5 s while the lock is not free, with the id of the process that holds it and
 *   the time waited.
 * @throws {SetupError} if flock(1) is missing or cannot lock here.
 */
export async function withLock(file, onWait, work, againMs = SHOWN_AGAIN_MS) {
  mkdirSync(dirname(file), { recursive: true })
  // flock(1) holds the lock while cat reads our end of the pipe. Detached, so that Ctrl-C does not end it before apt.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo; exec cat'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let error = ''
  holder.stderr.on('data', (text) => (error += text))
  const ended = new Promise((resolve) =>
    holder.on('close', resolve).on('error', ({ message }) => resolve((error = message))),
  )
  const since = Date.now()
  let timer
  const show = () => {
    onWait(Number(readFileSync(file, 'utf8')), Date.now() - since)
    timer = setTimeout(show, againMs)
  }
  timer = setTimeout(show, WAIT_SHOWN_MS)
  const held = await Promise.race([new Promise((resolve) => holder.stdout.once('data', () => resolve(true))), ended])
  clearTimeout(timer)
  if (held !== true)
    throw new SetupError(
      `Cannot lock ${file} with flock: ${error.trim()}.\n` +
        'If flock is missing, install util-linux. If the file system does not support locks, move the folder to a local disk.',
    )
  try {
    writeFileSync(file, String(process.pid))
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
