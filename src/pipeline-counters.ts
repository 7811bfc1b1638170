// What a native pipeline counts, for monitoring. Counts of a camera go on over its sessions.

/** How long something took. */
export interface LatencyCounts {
  /** One count for each of NativeAddon.latencyBoundsMs, and a last one for what took longer. */
  counts: number[]
  sumMs: number
}

const COUNTS = [
  'bytes',
  'received',
  'gated',
  'skipped',
  'damaged',
  'decoded',
  'late',
  'shown',
  'encoded',
  'overwritten',
  'lent',
  'decodeCpuMs',
  'cpuMs',
] as const
export const LATENCIES = ['network', 'decode', 'encode', 'age'] as const

/** native/core/stream_types.h describes each. */
export type PipelineCounters = Record<(typeof COUNTS)[number], number> &
  Record<(typeof LATENCIES)[number], LatencyCounts>

export const NO_COUNTERS: PipelineCounters = {
  ...(Object.fromEntries(COUNTS.map((key) => [key, 0])) as Record<(typeof COUNTS)[number], number>),
  ...(Object.fromEntries(LATENCIES.map((key) => [key, { counts: [], sumMs: 0 }])) as unknown as Record<
    (typeof LATENCIES)[number],
    LatencyCounts
  >),
}

export function sumOf(a: PipelineCounters, b: PipelineCounters): PipelineCounters {
  const sum = { ...a }
  for (const key of COUNTS) sum[key] = a[key] + b[key]
  for (const key of LATENCIES) sum[key] = latencySum(a[key], b[key])
  return sum
}

function latencySum(a: LatencyCounts, b: LatencyCounts): LatencyCounts {
  const [longer, other] = a.counts.length >= b.counts.length ? [a, b] : [b, a]
  return { counts: longer.counts.map((count, i) => count + (other.counts[i] ?? 0)), sumMs: a.sumMs + b.sumMs }
}
