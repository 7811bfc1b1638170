// The one list of error codes: API for callers, and the text of the reference (docs/http-api.md, docs/python.md,
// GET /openapi.json). A test keeps C++, Python, the page and the docs in step with it. Imports nothing.

interface ErrorInfo {
  /** HTTP status of an answer with this code; none: no HTTP answer carries it. */
  readonly status?: number
  /** What it means, and what the user can do about it. One line of Markdown. */
  readonly sentence: string
}

type ErrorList = Readonly<Record<`ERR_${string}`, ErrorInfo>>

/** Answers to HTTP requests. */
export const HTTP_ERRORS = {
  ERR_JSON_INVALID: { status: 400, sentence: 'The body is not valid JSON.' },
  ERR_BODY_INVALID: { status: 400, sentence: 'The body could not be read to its end.' },
  ERR_FIELD_INVALID: {
    status: 400,
    sentence: 'A field or parameter is unknown, missing or out of range. The message names it and what was expected.',
  },
  ERR_BODY_TOO_LARGE: { status: 413, sentence: 'The body is larger than 64 KiB.' },
  ERR_NAME_IN_USE: {
    status: 409,
    sentence: 'The name belongs to another address. Stop that camera first, or choose another name.',
  },
  ERR_CREDENTIALS_DIFFER: {
    status: 409,
    sentence: 'The address is already running with another user name or password. Stop that camera first.',
  },
  ERR_TOO_MANY_RENDITIONS: {
    status: 409,
    sentence: '8 sizes and rates of this camera are already in use. Use one that the message names.',
  },
  ERR_CLOSED: { status: 409, sentence: 'The gateway is shutting down. Try again when it is back.' },
  ERR_CAMERA_NOT_FOUND: { status: 404, sentence: 'No camera of this name is running. `GET /cameras` lists them.' },
  ERR_FRAME_UNAVAILABLE: {
    status: 503,
    sentence: 'The camera has no fresh frame. The message says why; try again after `Retry-After`.',
  },
  ERR_NOT_FOUND: { status: 404, sentence: 'Nothing is at this path.' },
  ERR_METHOD_NOT_ALLOWED: { status: 405, sentence: 'The path does not take this method.' },
  ERR_INTERNAL: { status: 500, sentence: 'A fault inside the gateway. Its log has the details; please report it.' },
} as const satisfies ErrorList

/** Why a camera delivers nothing: `last_error`. */
export const CAMERA_ERRORS = {
  ERR_SOURCE_UNREACHABLE: {
    sentence: 'The camera refused the connection, or no route leads to it. Check power, network and port.',
  },
  ERR_SOURCE_UNKNOWN_HOST: { sentence: "The host name cannot be resolved. Check its spelling and the gateway's DNS." },
  ERR_SOURCE_TIMEOUT: { sentence: 'The camera did not respond, or sent nothing. Check power, network and port.' },
  ERR_SOURCE_UNAUTHORIZED: {
    sentence:
      'The camera refused the user name or password (401, 403). Stop it, then start it with the right ones; until then the gateway tries every 30 s.',
  },
  ERR_SOURCE_NOT_FOUND: {
    sentence: 'The camera has no such path (404, 454). Its manual names the path that belongs into the address.',
  },
  ERR_SOURCE_BUSY: {
    sentence: 'The camera has no capacity for another session (453, 503). Close other clients, or restart it.',
  },
  ERR_SOURCE_TRANSPORT: {
    sentence:
      'The camera does not take this transport, TCP or UDP (461). With `rtsp_transport` `automatic` the gateway tries the other one next.',
  },
  ERR_SOURCE_NO_VIDEO: { sentence: 'The address has no video. Another path of the camera may have.' },
  ERR_CODEC_UNSUPPORTED: {
    sentence: 'GStreamer on this machine cannot decode the codec. Choose another in the camera.',
  },
  ERR_SOURCE_CLOSED: { sentence: 'The camera ended the stream or closed the connection. The gateway reconnects.' },
  ERR_SOURCE_SILENT: { sentence: 'The camera stopped sending, or no whole frame arrives. The gateway reconnects.' },
  ERR_SOURCE_READ: {
    sentence: 'The connection failed, or what answers does not speak RTSP. Check address and port if it stays.',
  },
  ERR_SOURCE_STREAM: { sentence: 'The stream broke off or changed its format. The gateway reconnects.' },
  ERR_SOURCE_TLS: {
    sentence:
      'TLS with the camera failed. Check that its port speaks RTSPS and that this machine trusts its certificate.',
  },
  ERR_SOURCE_LATE: {
    sentence:
      'For 4 s every frame arrived too late to show: the network is too slow for the stream, or its timestamps run more than 5 % slow. The gateway reconnects to skip the backlog; lower the bit rate if it stays.',
  },
  ERR_NO_KEY_FRAME: {
    sentence:
      'The camera sends, but no whole key frame; or frames were lost and the next key frame is far off, and a new session gets one. Shorten the key frame interval in the camera.',
  },
  ERR_DECODE: { sentence: 'The decoder reports damaged frames, or delivers none. The gateway reconnects.' },
  ERR_ENCODE: { sentence: 'A frame could not be encoded as JPEG. The gateway reconnects.' },
  ERR_PIPELINE: { sentence: 'GStreamer reported an error. The gateway reconnects; its log has the details.' },
  ERR_PIPELINE_BUILD: {
    sentence: 'GStreamer cannot start, or lacks an element. `npm run setup` installs what it needs.',
  },
  ERR_MEDIAMTX_DOWN: { sentence: 'MediaMTX is not ready. `GET /health` says why; cameras start when it is.' },
  ERR_MEDIAMTX_API: { sentence: 'The API of MediaMTX does not respond, or refused. Check `MEDIAMTX_API` and its log.' },
} as const satisfies ErrorList

/** Why the gateway did not start: standard error and exit status. */
export const START_ERRORS = {
  ERR_CONFIG_INVALID: { sentence: 'A setting is wrong. The message names it and what was expected.' },
  ERR_ADDON_LOAD: { sentence: 'The native addon does not load, or GStreamer lacks elements. The message says which.' },
  ERR_BIND: { sentence: 'An address is in use or not of this machine. The message names the setting that moves it.' },
  ERR_MEDIAMTX_START: { sentence: 'MediaMTX did not start. The message has its reason.' },
  ERR_MEDIAMTX_OLD: { sentence: 'MediaMTX is too old. The message names the version that is needed.' },
  ERR_DEMO: { sentence: 'The simulated camera of `--demo` is not built or did not start.' },
} as const satisfies ErrorList

/** `GatewayError.code` of the Python client, beside the codes that the gateway answers. */
export const PYTHON_ERRORS = {
  ERR_GATEWAY_UNREACHABLE: {
    sentence: 'Nothing responds at the address. Check `GATEWAY_BASE`, and that the gateway is running.',
  },
  ERR_GATEWAY: { sentence: 'What responds there is not a Framegate gateway, or a proxy answered for it.' },
} as const satisfies ErrorList

const ALL = { ...HTTP_ERRORS, ...CAMERA_ERRORS, ...START_ERRORS }

/** A code that the gateway itself can report. */
export type ErrorCode = keyof typeof ALL

/** What ends a camera's session; ERR_CLOSED: the gateway ended it. */
export type CameraErrorCode = keyof typeof CAMERA_ERRORS | 'ERR_INTERNAL' | 'ERR_CLOSED'

/** HTTP status of an answer with this code. */
export function httpStatusOf(code: ErrorCode): number {
  const info: ErrorInfo = ALL[code]
  return info.status ?? 500
}
