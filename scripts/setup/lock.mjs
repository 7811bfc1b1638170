// Lets one set-up at a time work on the same thing; a dead one's lock does not hold.

import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

// The owner touches its lock this often; older than STALE_MS means that it is gone, also where its process
// cannot be seen from here (a container that shares the folder).
const TOUCH_MS = 5000
const STALE_MS = 60000
const POLL_MS = 200

/**
 * Runs `work` while this process alone holds the lock.
 *
 * @param onWait is called again and again with the process that holds it.
 */
export async function withLock(file, onWait, work) {
  mkdirSync(dirname(file), { recursive: true })
  const mine = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(mine, JSON.stringify({ pid: process.pid, host: hostname() }))
  while (!take(mine, file)) {
    const owner = ownerOf(file)
    if (owner === null) continue
    if (isGone(owner)) {
      setAside(file)
      continue
    }
    onWait(owner.pid)
    await sleep(POLL_MS)
    touch(mine)
  }
  const timer = setInterval(() => touch(file), TOUCH_MS)
  const release = () => {
    clearInterval(timer)
    rmSync(file, { force: true })
    rmSync(mine, { force: true })
  }
  process.on('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

function touch(file) {
  try {
    utimesSync(file, new Date(), new Date())
  } catch {
    // Somebody cleaned the folder up; the lock is then lost, the work is not.
  }
}

/** A link is made by one process only, and the lock never exists without its content. */
function take(mine, file) {
  try {
    linkSync(mine, file)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function ownerOf(file) {
  try {
    return { ...JSON.parse(readFileSync(file, 'utf8')), touchedAt: statSync(file).mtimeMs }
  } catch (error) {
    if (error.code === 'ENOENT') return null
    return { pid: 0, host: '', touchedAt: 0 }
  }
}

function isGone({ pid, host, touchedAt }) {
  if (Date.now() - touchedAt > STALE_MS) return true
  if (host !== hostname()) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

/** Of two that find it stale, one may come when the other has its own lock there already: that one is put back. */
function setAside(file) {
  const aside = `${file}.stale.${process.pid}`
  try {
    renameSync(file, aside)
    const owner = ownerOf(aside)
    if (owner !== null && !isGone(owner)) linkSync(aside, file)
    rmSync(aside, { force: true })
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}
