// How late the event loop is. prom-client measures it with a timer of 10 ms, whose wake-ups take half of the event loop's
// time in an idle gateway, and its values contain those 10 ms.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metric, Registry } from 'prom-client'

const TIMER_MS = 100
/** For prom-client's own timer, whose values are replaced. */
export const NEVER_MS = 3_600_000

type Delays = Pick<ReturnType<typeof monitorEventLoopDelay>, 'min' | 'max' | 'mean' | 'percentile'>

const VALUES: Record<string, (delays: Delays) => number> = {
  min: (delays) => delays.min,
  max: (delays) => delays.max,
  mean: (delays) => delays.mean,
  p50: (delays) => delays.percentile(50),
  p90: (delays) => delays.percentile(90),
  p99: (delays) => delays.percentile(99),
}

/** Replaces prom-client's metrics of the same names: seconds since the last scrape, 0 if the event loop is on time. */
export function measureEventLoopDelay(registry: Registry): void {
  const delays = monitorEventLoopDelay({ resolution: TIMER_MS })
  delays.enable()
  registry.removeSingleMetric('nodejs_eventloop_lag_stddev_seconds')
  const entries = Object.entries(VALUES)
  for (const [index, [value, read]] of entries.entries()) {
    const name = `nodejs_eventloop_lag_${value}_seconds`
    const get = async () => {
      // Before the first tick, the mean is not a number.
      const late = Math.max(0, read(delays) / 1e9 - TIMER_MS / 1e3) || 0
      if (index === entries.length - 1) delays.reset()
      return {
        name,
        help: `How late the event loop is: ${value}.`,
        type: 'gauge',
        values: [{ value: late, labels: {} }],
      }
    }
    registry.removeSingleMetric(name)
    registry.registerMetric({ name, get } as unknown as Metric)
  }
}
