// GET /metrics: reads what the parts of the gateway count, and writes it in Prometheus' text format. Only scrapes cost
// anything, and the series of a camera end when it leaves the list.

import { collectDefaultMetrics, Registry, type Metric } from 'prom-client'
import type { PathReaders } from '../types.js'
import { addCamera, type MeasuredCamera } from './camera-metrics.js'
import { METRICS, type MetricName } from './definitions.js'
import { measureEventLoopDelay, NEVER_MS } from './event-loop-delay.js'
import { Samples } from './samples.js'

export interface MetricsDeps {
  version: string
  latencyBoundsMs: number[]
  cameras: { list(): MeasuredCamera[] }
  frames: { readersByKind(camera: string): { lane: number; zmq: number; http: number } }
  relay: {
    readonly mode: string
    readonly ready: boolean
    readonly restarts: number
    readers(name: string): PathReaders
  }
  /** What there may be a limited number of, and how many there are. */
  limits(): Record<string, { used: number; max: number }>
  /** Connections that were refused because of their limit, by server. */
  refused(): Record<string, number>
  lane: { memory(): { usedBytes: number; maxBytes: number; dropped: number } | null }
  ready(): boolean
  stateFileProblem(): string | null
}

/** prom-client calls gauges so. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

export class Metrics {
  readonly #registry = new Registry()
  #samples = new Samples()

  constructor(readonly deps: MetricsDeps) {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: NEVER_MS })
    measureEventLoopDelay(this.#registry)
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name)
    for (const [name, { type, help }] of Object.entries(METRICS)) {
      const get = async () => ({ name, help, type, values: this.#samples.of(name as MetricName) })
      this.#registry.registerMetric({ name, get } as unknown as Metric)
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    this.#samples = this.#collect()
    return this.#registry.metrics()
  }

  #collect(): Samples {
    const { cameras, frames, relay, latencyBoundsMs } = this.deps
    const samples = new Samples()
    for (const camera of cameras.list()) {
      const readers = { ...frames.readersByKind(camera.name), ...relay.readers(camera.name) }
      addCamera(samples, camera, readers, latencyBoundsMs)
    }
    this.#addGateway(samples)
    return samples
  }

  #addGateway(samples: Samples): void {
    const { version, relay, lane } = this.deps
    samples.add('framegate_build_info', 1, { version })
    samples.add('framegate_ready', this.deps.ready() ? 1 : 0)
    samples.add('framegate_state_file_saved', this.deps.stateFileProblem() === null ? 1 : 0)
    if (relay.mode !== 'off') {
      samples.add('framegate_mediamtx_up', relay.ready ? 1 : 0)
      samples.add('framegate_mediamtx_restarts_total', relay.restarts)
    }
    for (const [resource, { used, max }] of Object.entries(this.deps.limits())) {
      samples.add('framegate_limit', max, { resource })
      samples.add('framegate_limit_used', used, { resource })
    }
    for (const [server, count] of Object.entries(this.deps.refused()))
      samples.add('framegate_connections_refused_total', count, { server })
    const memory = lane.memory()
    if (memory === null) return
    samples.add('framegate_lane_memory_limit_bytes', memory.maxBytes)
    samples.add('framegate_lane_memory_used_bytes', memory.usedBytes)
    samples.add('framegate_lane_frames_dropped_total', memory.dropped)
  }
}
