// The values of one scrape.

import type { LatencyCounts } from '../pipeline-counters.js'
import type { MetricName } from './definitions.js'

export type Labels = Record<string, string>

export interface Sample {
  /** Of a histogram's parts; else the metric's own. */
  metricName?: string
  labels: Record<string, string | number>
  value: number
}

export class Samples {
  readonly #byMetric = new Map<MetricName, Sample[]>()

  of(name: MetricName): Sample[] {
    return this.#byMetric.get(name) ?? []
  }

  add(name: MetricName, value: number, labels: Labels = {}): void {
    this.#push(name, { labels, value })
  }

  /** One series for each of the values, 1 for the current one. */
  addState<State extends string>(name: MetricName, all: readonly State[], now: State, labels: Labels): void {
    for (const state of all) this.add(name, state === now ? 1 : 0, { ...labels, state })
  }

  addHistogram(name: MetricName, { counts, sumMs }: LatencyCounts, boundsMs: number[], labels: Labels): void {
    let below = 0
    for (const [i, boundMs] of [...boundsMs, Infinity].entries()) {
      below += counts[i] ?? 0
      const le = boundMs === Infinity ? '+Inf' : boundMs / 1000
      this.#push(name, { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below })
    }
    this.#push(name, { metricName: `${name}_sum`, labels, value: sumMs / 1000 })
    this.#push(name, { metricName: `${name}_count`, labels, value: below })
  }

  #push(name: MetricName, sample: Sample): void {
    const samples = this.#byMetric.get(name) ?? []
    this.#byMetric.set(name, samples)
    samples.push(sample)
  }
}
