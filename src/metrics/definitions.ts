// The one list of the gateway's own metrics. docs/operations.md has a row for each; a test compares them.

export interface Definition {
  type: 'counter' | 'gauge' | 'histogram'
  /** One line. */
  help: string
  labels: readonly string[]
}

const counter = (help: string, ...labels: string[]): Definition => ({ type: 'counter', help, labels })
const gauge = (help: string, ...labels: string[]): Definition => ({ type: 'gauge', help, labels })
const histogram = (help: string, ...labels: string[]): Definition => ({ type: 'histogram', help, labels })

export const METRICS = {
  framegate_camera_state: gauge(
    "1 for the camera's state, 0 for the others: connecting, live, stalled, retrying, stopped.",
    'camera',
    'state',
  ),
  framegate_camera_error: gauge('1 while the camera has this last_error; no series otherwise.', 'camera', 'code'),
  framegate_camera_info: gauge(
    "1; the labels have the camera's codec, picture size in pixels and transport, as far as known.",
    'camera',
    'codec',
    'size',
    'transport',
  ),
  framegate_camera_reconnects_total: counter(
    'Sessions and attempts that failed, by error code; another attempt follows each.',
    'camera',
    'reason',
  ),
  framegate_camera_received_bytes_total: counter('Video from the camera, without packet headers.', 'camera'),
  framegate_camera_frames_received_total: counter('Frames from the camera, whole or not.', 'camera'),
  framegate_camera_frames_decoded_total: counter('Decoded pictures; decoding needs a reader.', 'camera'),
  framegate_camera_frames_shown_total: counter('Pictures given to readers, in one rendition or more.', 'camera'),
  framegate_camera_frames_dropped_total: counter(
    'Frames not shown, by reason: gated (incomplete, or without a key frame to begin with), damaged (the decoder reported it), skipped (not decoded: the decoder was behind, or waited for a key frame after damage), late (too old to show), overwritten (a JPEG that a newer one replaced before it was sent).',
    'camera',
    'reason',
  ),
  framegate_camera_jpegs_total: counter('JPEGs encoded, over all renditions.', 'camera'),
  framegate_camera_raw_frames_total: counter('Raw frames for readers of the lane.', 'camera'),
  framegate_camera_frame_age_seconds: histogram(
    'Age of a frame when it is given to readers, since its last packet arrived.',
    'camera',
  ),
  framegate_camera_stage_seconds: histogram(
    'Time that a shown frame took: network (delay against the fastest frames), decode (with the wait for it), encode (scaling, JPEGs and raw frames).',
    'camera',
    'stage',
  ),
  framegate_camera_newest_frame_age_seconds: gauge(
    'Time since the newest complete frame arrived; no series before the first of a session.',
    'camera',
  ),
  framegate_camera_key_frame_wait_seconds: gauge(
    'How long data without a complete key frame has arrived; 0 while frames can be decoded.',
    'camera',
  ),
  framegate_camera_cpu_seconds_total: counter(
    "CPU time of the camera's own threads: receiving, decoding, scaling and encoding; without Node.js, which serves all cameras, and MediaMTX.",
    'camera',
  ),
  framegate_camera_decode_cpu_seconds_total: counter('Of this, decoding, scaling and encoding.', 'camera'),
  framegate_camera_readers: gauge(
    'Readers: lane, zmq, http, webrtc, hls, rtsp, as readers_by_kind of GET /cameras.',
    'camera',
    'kind',
  ),
  framegate_build_info: gauge('1; the label has the version.', 'version'),
  framegate_ready: gauge('1 while GET /health/ready answers 200.'),
  framegate_state_file_saved: gauge('1 while the state file holds the current list of cameras.'),
  framegate_mediamtx_up: gauge('1 while MediaMTX responds; no series with MEDIAMTX=off.'),
  framegate_mediamtx_restarts_total: counter('Starts of the managed MediaMTX after the first.'),
  framegate_limit: gauge(
    'The most that there may be at a time: cameras, http_connections, http_readers, zmq_connections, lane_readers.',
    'resource',
  ),
  framegate_limit_used: gauge('How many of framegate_limit there are now.', 'resource'),
  framegate_connections_refused_total: counter('Connections refused because of their limit.', 'server'),
  framegate_lane_memory_limit_bytes: gauge('LANE_MEMORY; no series without a lane.'),
  framegate_lane_memory_used_bytes: gauge('Memory of the raw frames for readers of the lane.'),
  framegate_lane_frames_dropped_total: counter('Raw frames for which the lane had no free memory.'),
} as const satisfies Record<string, Definition>

export type MetricName = keyof typeof METRICS
