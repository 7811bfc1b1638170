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

// Shares of the file descriptors. Cameras have five eighths (cameras/capacity.ts).
const SHARE = { http: 1 / 8, zmq: 1 / 8, front: 1 / 32, lane: 1 / 32 }
const MOST = { http: 2048, zmq: 4096, front: 1024, lane: 256 }

/**
 * How many connections of each kind there may be, so that no client takes what cameras need. `front`: of each server in
 * front of MediaMTX, where a connection may take two descriptors.
 */
export function connectionLimits({ descriptors }: ProcessLimits): typeof MOST {
  const of = (kind: keyof typeof MOST) => Math.min(MOST[kind], Math.max(4, Math.floor(descriptors * SHARE[kind])))
  return { http: of('http'), zmq: of('zmq'), front: of('front'), lane: of('lane') }
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
