// Which process holds a port: what a "port in use" should say. Linux's /proc alone.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LISTEN = '0A'

/** "mediamtx (process 123)"; null where it cannot be told (another user's process). */
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
      if (holds) return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (process ${pid})`
    } catch {
      // It ended meanwhile, or belongs to somebody else.
    }
  }
  return null
}

/** "it is in use by nginx (process 12)", as far as it can be told. */
export function inUse(port: number, protocol: 'tcp' | 'udp' = 'tcp'): string {
  const holder = portHolder(port, protocol)
  return holder ? `it is in use by ${holder}` : 'it is in use'
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
