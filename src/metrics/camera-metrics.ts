// The metrics of one camera. They have only its name; its address may hold a password.

import type { PipelineStats } from '../native.js'
import { LATENCIES, type PipelineCounters } from '../pipeline-counters.js'
import type { CameraError, CameraState, PathReaders, VideoFormat } from '../types.js'
import type { Samples } from './samples.js'

export interface MeasuredCamera {
  readonly name: string
  readonly state: CameraState
  readonly lastError: CameraError | null
  readonly stream: { codec: string } | null
  readonly transport: string
  /** Failed sessions and attempts, by error code. */
  readonly failures: ReadonlyMap<string, number>
  videoFormat(): VideoFormat
  stats(): PipelineStats
  /** Over all sessions. */
  totals(): PipelineCounters
}

export type CameraReaders = Record<keyof PathReaders | 'lane' | 'zmq' | 'http', number>

const STATES = ['connecting', 'live', 'stalled', 'retrying', 'stopped'] as const satisfies CameraState[]
const DROPS = ['gated', 'damaged', 'skipped', 'late', 'overwritten'] as const

export function addCamera(samples: Samples, camera: MeasuredCamera, readers: CameraReaders, boundsMs: number[]): void {
  const { name, lastError, stream, transport } = camera
  const labels = { camera: name }
  const stats = camera.stats()
  const { width, height } = camera.videoFormat()
  samples.addState('framegate_camera_state', STATES, camera.state, labels)
  if (lastError) samples.add('framegate_camera_error', 1, { ...labels, code: lastError.code })
  const size = width === null || height === null ? '' : `${width}x${height}`
  samples.add('framegate_camera_info', 1, { ...labels, codec: stream?.codec ?? '', size, transport })
  for (const [reason, count] of camera.failures)
    samples.add('framegate_camera_reconnects_total', count, { ...labels, reason })
  if (stats.ageMs !== null) samples.add('framegate_camera_newest_frame_age_seconds', stats.ageMs / 1000, labels)
  samples.add('framegate_camera_key_frame_wait_seconds', (stats.waitingForKeyMs ?? 0) / 1000, labels)
  for (const [kind, count] of Object.entries(readers))
    samples.add('framegate_camera_readers', count, { ...labels, kind })
  addTotals(samples, camera.totals(), boundsMs, labels)
}

function addTotals(samples: Samples, totals: PipelineCounters, boundsMs: number[], labels: { camera: string }): void {
  samples.add('framegate_camera_received_bytes_total', totals.bytes, labels)
  samples.add('framegate_camera_frames_received_total', totals.received, labels)
  samples.add('framegate_camera_frames_decoded_total', totals.decoded, labels)
  samples.add('framegate_camera_frames_shown_total', totals.shown, labels)
  for (const reason of DROPS)
    samples.add('framegate_camera_frames_dropped_total', totals[reason], { ...labels, reason })
  samples.add('framegate_camera_jpegs_total', totals.encoded, labels)
  samples.add('framegate_camera_raw_frames_total', totals.lent, labels)
  samples.add('framegate_camera_cpu_seconds_total', totals.cpuMs / 1000, labels)
  samples.add('framegate_camera_decode_cpu_seconds_total', totals.decodeCpuMs / 1000, labels)
  for (const stage of LATENCIES) {
    if (stage === 'age') samples.addHistogram('framegate_camera_frame_age_seconds', totals.age, boundsMs, labels)
    else samples.addHistogram('framegate_camera_stage_seconds', totals[stage], boundsMs, { ...labels, stage })
  }
}
