// How much memory this process may still take before the kernel ends it: of its cgroups (systemd's MemoryMax, a
// container's limit; MediaMTX is in the same ones) and of ulimit -v. The machine's own memory is not counted, since swap
// and other programs decide what is left of it.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** @returns the file's text; '' if there is none. */
export type ReadFile = (path: string) => string

/** For messages: what to look at. */
export const MEMORY = 'memory (the limit of its container or service, or ulimit -v)'

const MIB = 1024 * 1024
const RECENT_MS = 200

interface Version {
  /** Finds the cgroup's path in /proc/self/cgroup. */
  line: RegExp
  root: string
  limit: string
  used: string
  /** In memory.stat: cached files that the kernel drops first. */
  cached: RegExp
}

const VERSIONS: Version[] = [
  {
    line: /^0::(.*)$/m,
    root: '/sys/fs/cgroup',
    limit: 'memory.max',
    used: 'memory.current',
    cached: /^inactive_file (\d+)$/m,
  },
  {
    line: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m,
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    cached: /^total_inactive_file (\d+)$/m,
  },
]

/** In MiB; Infinity without a limit, or if none is known. */
export function memoryLeftMb(read: ReadFile = readOrNothing): number {
  return Math.min(addressesLeftMb(read), ...cgroups(read).map(({ limitMb, usedMb }) => limitMb - usedMb))
}

/** The lowest limit of this process's cgroups in MiB; Infinity without one. */
export function memoryLimitMb(read: ReadFile = readOrNothing): number {
  return Math.min(Infinity, ...cgroups(read).map(({ limitMb }) => limitMb))
}

let recent = { leftMb: Infinity, atMs: -Infinity }

/** Up to 200 ms old, for callers that ask often. */
export function recentMemoryLeftMb(): number {
  const nowMs = performance.now()
  if (nowMs - recent.atMs > RECENT_MS) recent = { leftMb: memoryLeftMb(), atMs: nowMs }
  return recent.leftMb
}

/** Those with a limit. In a container the path may be missing; then the root is the container's own cgroup. */
function cgroups(read: ReadFile): { limitMb: number; usedMb: number }[] {
  const paths = read('/proc/self/cgroup')
  return VERSIONS.flatMap((version) => {
    const path = version.line.exec(paths)?.[1]
    return path === undefined ? [] : withParents(path).flatMap((path) => cgroup(read, version, path))
  })
}

function cgroup(read: ReadFile, { root, limit, used, cached }: Version, path: string) {
  const [limitBytes, usedBytes] = [limit, used].map((name) => numberIn(read(join(root, path, name))))
  if (limitBytes === null || usedBytes === null) return []
  const cachedBytes = Number(cached.exec(read(join(root, path, 'memory.stat')))?.[1] ?? 0)
  return [{ limitMb: limitBytes! / MIB, usedMb: (usedBytes! - cachedBytes) / MIB }]
}

function addressesLeftMb(read: ReadFile): number {
  const limitBytes = /^Max address space\s+(\d+)/m.exec(read('/proc/self/limits'))?.[1]
  const usedKb = /^VmSize:\s+(\d+) kB/m.exec(read('/proc/self/status'))?.[1]
  return limitBytes && usedKb ? Number(limitBytes) / MIB - Number(usedKb) / 1024 : Infinity
}

function withParents(path: string): string[] {
  return path === '/' || path === '.' ? [path] : [path, ...withParents(dirname(path))]
}

/** null for "max", and for what is missing. */
function numberIn(text: string): number | null {
  return /^\d+\s*$/.test(text) ? Number(text) : null
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
