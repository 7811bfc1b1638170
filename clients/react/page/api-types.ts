// The parts of the gateway's JSON that the page uses, with the API's names. Types only: no imports, no DOM.

export type CameraState = 'connecting' | 'live' | 'stalled' | 'retrying' | 'stopped'

export interface Verdict {
  ok: boolean | null
  reason: string | null
}

export interface Camera {
  name: string
  /** The camera's address, with secrets masked. */
  source: string
  pub_fps: number
  scale_width: number
  state: CameraState
  last_error: { code: string; message: string; since: string } | null
  /** Seconds until the gateway connects again; null while it is connected or connecting. */
  next_attempt_s: number | null
  webrtc_whep: string | null
  hls: string | null
  owner: 'api' | 'file' | 'demo'
  rtsp_url: string | null
  mediamtx_reason: string | null
  zmq_topic: string
  zmq_endpoint: string
  /** Whether it accepts only clients with keys. */
  zmq_keys: boolean
  /** Opens the camera's frames over HTTP for about an hour; null if nothing needs a token. */
  ticket: string | null
  fps: number
  age_ms: number | null
  codec: string | null
  width: number | null
  height: number | null
  waiting_for_key_frame_s?: number | null
  gop_length: number | null
  playability?: { webrtc: Verdict; hls: Verdict }
  readers_by_kind: { lane: number; zmq: number; http: number; webrtc: number; hls: number; rtsp: number }
  reconnects: number
  /** Of one core. */
  cpu_percent: number | null
  started_at: string
  totals: {
    received_bytes: number
    received: number
    decoded: number
    shown: number
    gated: number
    damaged: number
    skipped: number
    late: number
    overwritten: number
  }
}

export interface CameraEvent {
  kind: 'started' | 'replaced' | 'state' | 'problem'
  first_at: string
  last_at: string
  count: number
  from: CameraState | null
  to: CameraState | null
  code: string | null
  message: string | null
  /** Settings of `replaced`, by their names in JSON. */
  changed: string[]
  /** null: not a client, or not for this session to know. */
  by: string | null
}

export interface GatewaySetting {
  name: string
  variable: string
  /** With secrets masked; null: not set. */
  value: string | number | boolean | string[] | null
  source: 'flag' | 'environment' | 'file' | 'default'
  line: number | null
  meaning: string
}

export interface SettingsAnswer {
  /** The path of framegate.yaml. */
  file: string | null
  settings: GatewaySetting[]
}

export interface StartAnswer extends Camera {
  /** Fields of the request that had no effect because the camera already runs. */
  ignored: string[]
  /** The masked address of the camera that this start replaced. */
  replaced: string | null
}

export interface StartRequest {
  name: string
  /** With `replace`, the camera's masked address stands for the one that it has. */
  rtsp: string
  pub_fps?: number
  scale_width?: number
  retry?: boolean
  /** Whether a running camera of this name gets the address and settings of this request. */
  replace?: boolean
}
