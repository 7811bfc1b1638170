// What the system allows this process: file descriptors, threads.

import { readFileSync } from 'node:fs'

export interface ProcessLimits {
  /** Infinity: unlimited or unknown. */
  descriptors: number
  threads: number
}

/** `ulimit -n`, and the lower of `ulimit -u` and the cgroup's pids.max (systemd's TasksMax, Kubernetes' pids limit). */
export function processLimits(): ProcessLimits {
  const limits = read('/proc/self/limits')
  const cgroup = /^0::(.*)$/m.exec(read('/proc/self/cgroup'))?.[1] ?? '/'
  // ulimit -u does not bind root.
  const user = process.getuid?.() === 0 ? Infinity : soft(limits, 'Max processes')
  const pidsMax = [`/sys/fs/cgroup${cgroup}/pids.max`, '/sys/fs/cgroup/pids.max'].map((path) => read(path).trim())
  const cgroupLimit = Number(pidsMax.find((text) => /^\d+$/.test(text)) ?? Infinity)
  return { descriptors: soft(limits, 'Max open files'), threads: Math.min(user, cgroupLimit) }
}

/** Differs after each boot of the machine; '' if unknown. */
export function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id').trim()
}

function soft(limits: string, name: string): number {
  return Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(limits)?.[1] ?? Infinity)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
