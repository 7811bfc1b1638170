// Which process holds a port, for error messages. Reads /proc, so Linux only.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

const LISTEN = '0A'

/** "mediamtx (process 123)"; null if unknown (another user's process). */
export function portHolder(port: number, protocol: 'tcp' | 'udp' = 'tcp'): string | null {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set<string>()
  for (const table of [protocol, `${protocol}6`]) {
    for (const line of readLines(`/proc/net/${table}`)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (local?.endsWith(`:${hexPort}`) && (protocol === 'udp' || state === LISTEN) && inode)
        inodes.add(`socket:[${inode}]`)
    }
  }
  if (inodes.size === 0) return null
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const holds = readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`)))
      if (!holds) continue
      // Not the name of its main thread: since Node.js 24, that is "MainThread" for all programs of Node.js.
      const program = readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '')
      return `${basename(program)} (process ${pid})`
    } catch {
      // The process has ended, or belongs to another user.
    }
  }
  return null
}

/** "the address is in use by nginx (process 12)"; without the process if it is unknown. */
export function inUse(port: number, protocol: 'tcp' | 'udp' = 'tcp'): string {
  const holder = portHolder(port, protocol)
  return holder ? `the address is in use by ${holder}` : 'the address is in use'
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
