// Text for a camera's events and counters. Pure, so that tests can run it in Node.

import type { Camera, CameraEvent } from './api-types.js'
import { capitalized } from './words.js'

/** Also the name of a color. */
export type Tone = 'live' | 'stalled' | 'retrying' | 'stopped'

const FIELD_WORDS: Record<string, string> = {
  rtsp: 'address',
  pub_fps: 'frames per second',
  scale_width: 'width',
  jpeg_quality: 'JPEG quality',
  camera_time: 'camera time',
  rtsp_transport: 'transport',
  tls_fingerprint: 'fingerprint',
}

const fieldsIn = (names: string[]) => names.map((name) => FIELD_WORDS[name] ?? name).join(', ')

/** What happened, without its time. */
export function eventWords({ kind, from, to, message, changed, by }: CameraEvent): string {
  const who = by === null ? '' : ` by ${by}`
  if (kind === 'started') return `Started${who}`
  if (kind === 'replaced') return `Changed${who}${changed.length > 0 ? `: ${fieldsIn(changed)}` : ''}`
  const why = message === null ? '' : `: ${message}`
  if (to === 'live') return from === 'connecting' ? 'Live' : 'Live again'
  if (to === 'stalled') return message === null ? 'Stalled: the camera sends nothing' : `Stalled${why}`
  if (to === 'retrying') return from === 'connecting' ? `Not reached${why}` : `Lost${why}`
  if (to === 'stopped') return `Not started${why}`
  return capitalized(message ?? 'connecting to the camera')
}

export function eventTone({ kind, to }: CameraEvent): Tone {
  if (kind === 'problem') return 'retrying'
  return to === 'live' || to === 'stalled' || to === 'retrying' ? to : 'stopped'
}

/** `31 times since 14:40:12`; null: once. @param time words for a time. */
export function repeatWords({ count, first_at: firstAt }: CameraEvent, time: (iso: string) => string): string | null {
  return count === 1 ? null : `${count} times since ${time(firstAt)}`
}

/** Of today, the time alone. */
export function timeWords(iso: string, now = new Date()): string {
  const at = new Date(iso)
  const time = at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  if (at.toDateString() === now.toDateString()) return time
  return `${at.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })}, ${time}`
}

const DROP_WORDS = {
  gated: 'incomplete, or before the first key frame',
  damaged: 'the decoder found damage',
  skipped: 'decoding was behind, or waited for a key frame',
  late: 'too old when their turn came',
  overwritten: 'a newer one came before they were sent',
} as const

export interface Counter {
  label: string
  count: number
}

/** What became of the camera's frames; of the reasons only those that occurred. */
export function counters({ totals }: Camera): { frames: Counter[]; dropped: Counter[] } {
  const dropped = (Object.keys(DROP_WORDS) as (keyof typeof DROP_WORDS)[])
    .map((reason) => ({ label: DROP_WORDS[reason], count: totals[reason] }))
    .filter(({ count }) => count > 0)
  const frames = [
    { label: 'Received', count: totals.received },
    { label: 'Decoded', count: totals.decoded },
    { label: 'Shown', count: totals.shown },
  ]
  return { frames, dropped }
}

/** `1.2 GB`. */
export function sizeWords(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${['B', 'kB', 'MB', 'GB', 'TB'][power] ?? ''}`
}
