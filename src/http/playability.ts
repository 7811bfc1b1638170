// Whether a browser will play a camera, by which way, and why not. Pure.

import type { Verdict, Way } from './answers.js'

export interface Playability {
  webrtc: Verdict
  hls: Verdict
  /** What a browser should try first. */
  preferred: Way
}

/**
 * @param stream null before the camera was reached.
 * @param bFrames null before frames have come.
 * @param relayProblem why there is no MediaMTX; null: there is one.
 */
export function judgePlayability(
  stream: { codec: string } | null,
  bFrames: boolean | null,
  relayProblem: string | null,
): Playability {
  const no = (reason: string): Verdict => ({ ok: false, reason })
  const yes: Verdict = { ok: true, reason: null }
  if (relayProblem !== null) return { webrtc: no(relayProblem), hls: no(relayProblem), preferred: 'mjpeg' }
  if (stream === null) {
    const unknown: Verdict = { ok: null, reason: 'no video yet' }
    return { webrtc: unknown, hls: unknown, preferred: 'webrtc' }
  }
  switch (stream.codec) {
    case 'h264':
      // MediaMTX ends a WebRTC reader at the first picture that is out of order.
      if (bFrames)
        return { webrtc: no('its H.264 has B-frames, which WebRTC does not carry'), hls: yes, preferred: 'hls' }
      return { webrtc: bFrames === null ? { ok: null, reason: 'no video yet' } : yes, hls: yes, preferred: 'webrtc' }
    case 'h265': {
      const reason = 'few browsers play H.265, and only with hardware for it'
      return { webrtc: no(reason), hls: no(reason), preferred: 'mjpeg' }
    }
    default: {
      const reason = `browsers do not play ${stream.codec} over WebRTC or HLS`
      return { webrtc: no(reason), hls: no(reason), preferred: 'mjpeg' }
    }
  }
}
