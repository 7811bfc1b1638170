// Decides whether and how a browser will play a camera, and why not. Pure.

import type { Verdict, Way } from './answers.js'

export interface Playability {
  webrtc: Verdict
  hls: Verdict
  /** What a browser should try first: `webrtc`, `hls` or `mjpeg`. */
  preferred: Way
}

/**
 * @param stream null until the camera has been reached.
 * @param bFrames null until frames have arrived.
 * @param relayProblem why there is no MediaMTX; null if there is.
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
      // MediaMTX disconnects a WebRTC reader at the first frame that is out of order.
      if (bFrames)
        return { webrtc: no("the camera's H.264 has B-frames, which WebRTC cannot carry"), hls: yes, preferred: 'hls' }
      return { webrtc: bFrames === null ? { ok: null, reason: 'no video yet' } : yes, hls: yes, preferred: 'webrtc' }
    case 'h265': {
      const reason = 'few browsers play H.265, and only with hardware support'
      return { webrtc: no(reason), hls: no(reason), preferred: 'mjpeg' }
    }
    default: {
      const reason = `browsers do not play ${stream.codec} over WebRTC or HLS`
      return { webrtc: no(reason), hls: no(reason), preferred: 'mjpeg' }
    }
  }
}
