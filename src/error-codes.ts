// The one list of error codes. It is part of the API, and the source of the reference (docs/http-api.md,
// docs/python.md, GET /openapi.json). A test keeps C++, Python, the page and the docs in step. Imports nothing.

interface ErrorInfo {
  /** HTTP status of a response with this code; absent if no HTTP response carries it. */
  readonly status?: number
  /** What it means; then what the user can do about it, or what the gateway does. One line of Markdown. */
  readonly sentence: string
}

type ErrorList = Readonly<Record<`ERR_${string}`, ErrorInfo>>

/** Responses to HTTP requests. */
export const HTTP_ERRORS = {
  ERR_JSON_INVALID: {
    status: 400,
    sentence: 'The body is not valid JSON. Send an object with the fields that the message lists.',
  },
  ERR_BODY_INVALID: {
    status: 400,
    sentence: 'The gateway could not read the whole body. Check `Content-Length`, then send the request again.',
  },
  ERR_FIELD_INVALID: {
    status: 400,
    sentence:
      'A field or parameter is unknown, missing or out of range. See the message for its name and the expected value.',
  },
  ERR_BODY_TOO_LARGE: { status: 413, sentence: 'The body is larger than 64 KiB. Shorten it.' },
  ERR_NAME_IN_USE: {
    status: 409,
    sentence: 'The name belongs to a camera with another address. Stop that camera first, or choose another name.',
  },
  ERR_CREDENTIALS_DIFFER: {
    status: 409,
    sentence:
      'The camera is already running with another user name or password, and has accepted those. To change them, stop the camera first.',
  },
  ERR_TOO_MANY_GUESSES: {
    status: 429,
    sentence: 'Five different wrong passwords were sent for this running camera within a minute. Retry after a minute.',
  },
  ERR_TOO_MANY_RENDITIONS: {
    status: 409,
    sentence: 'The camera already has the maximum of 8 sizes and rates. Use one that the message lists.',
  },
  ERR_TOO_MANY_CAMERAS: {
    status: 409,
    sentence:
      'The gateway already runs the maximum number of cameras: `MAX_CAMERAS`, or fewer if the process may have few file descriptors or threads. Stop one first.',
  },
  ERR_CAMERA_HOST: {
    status: 403,
    sentence:
      'The gateway does not connect to this host: it is not in `CAMERA_HOSTS`, or its address is link-local, multicast or reserved. Add it to `CAMERA_HOSTS`, or give the camera another address.',
  },
  ERR_CLOSED: { status: 409, sentence: 'The gateway is shutting down. Retry when it runs again.' },
  ERR_CAMERA_NOT_FOUND: {
    status: 404,
    sentence: 'No camera with this name is running. See `GET /cameras` for those that are.',
  },
  ERR_PIPELINED: {
    status: 400,
    sentence:
      'A stream of frames cannot wait behind another response on its connection. Open a connection for each stream.',
  },
  ERR_TOO_MANY_READERS: {
    status: 503,
    sentence:
      'The camera has 256 HTTP readers, or the gateway 1024. Retry after `Retry-After`, or read with ZeroMQ or WebRTC.',
  },
  ERR_FRAME_UNAVAILABLE: {
    status: 503,
    sentence: 'The camera has no fresh frame. See the message for the reason, and retry after `Retry-After`.',
  },
  ERR_UNAUTHORIZED: {
    status: 401,
    sentence:
      'This gateway requires a token, and the request has none that it knows. Send `Authorization: Bearer TOKEN`, or sign in on the page.',
  },
  ERR_FORBIDDEN: {
    status: 403,
    sentence: 'A viewer may only watch. Use an admin token to start and stop cameras.',
  },
  ERR_HOST_REFUSED: {
    status: 421,
    sentence:
      'The host name in the address is not one of the gateway. Use its IP address, or add the name to `ALLOWED_HOSTS`.',
  },
  ERR_ORIGIN_REFUSED: {
    status: 403,
    sentence: 'A web page of another origin sent the request. Add its origin to `CORS_ORIGINS` to allow it.',
  },
  ERR_NOT_FOUND: { status: 404, sentence: 'The gateway has nothing at this path. See `/openapi.json` for all paths.' },
  ERR_METHOD_NOT_ALLOWED: {
    status: 405,
    sentence: 'The path does not support this method. See `/openapi.json` for those that it supports.',
  },
  ERR_INTERNAL: {
    status: 500,
    sentence: 'An unexpected error inside the gateway. See the log for details, and please report it.',
  },
} as const satisfies ErrorList

/** Why a camera delivers nothing: `last_error`. */
export const CAMERA_ERRORS = {
  ERR_SOURCE_UNREACHABLE: {
    sentence: 'The camera refused the connection, or the gateway has no route to it. Check power, network and port.',
  },
  ERR_SOURCE_UNKNOWN_HOST: {
    sentence: "The gateway cannot resolve the host name. Check the spelling and the gateway's DNS.",
  },
  ERR_SOURCE_TIMEOUT: { sentence: 'The camera did not respond, or sent no data. Check power, network and port.' },
  ERR_SOURCE_UNAUTHORIZED: {
    sentence:
      'The camera refused the user name or password (401, 403). Start it again with the right ones. Until then, the gateway retries after 2 min, 5 min and then every 30 min.',
  },
  ERR_SOURCE_NOT_FOUND: {
    sentence:
      "The camera has no such path (404, 454). Check the path in the address; the camera's manual names the right one.",
  },
  ERR_SOURCE_BUSY: {
    sentence:
      'The camera has no capacity for another session (453, 503). Stop its other clients, or restart the camera.',
  },
  ERR_SOURCE_TRANSPORT: {
    sentence:
      'The camera does not support the transport that was tried (461). With `rtsp_transport` set to `automatic`, the gateway tries the other one (TCP or UDP) next; otherwise, set the other one yourself.',
  },
  ERR_SOURCE_NO_VIDEO: { sentence: 'The address has no video. Choose another path of the camera.' },
  ERR_CODEC_UNSUPPORTED: {
    sentence:
      "Framegate does not decode the codec, or the pictures are larger than 35 megapixels. Choose H.264, H.265 or MJPEG, or a smaller size, in the camera's settings. The gateway retries every minute.",
  },
  ERR_SOURCE_CLOSED: { sentence: 'The camera ended the stream or closed the connection. The gateway reconnects.' },
  ERR_SOURCE_SILENT: {
    sentence:
      'The camera stopped sending, or has sent no complete frame for 1 s. If that lasts, the gateway reconnects.',
  },
  ERR_SOURCE_READ: {
    sentence:
      'The connection failed, or the device at the address does not speak RTSP. If the error persists, check address and port.',
  },
  ERR_SOURCE_STREAM: { sentence: 'The stream broke or changed its format. The gateway reconnects.' },
  ERR_SOURCE_TLS: {
    sentence:
      "The TLS connection to the camera failed, or its certificate is not trusted or has changed; the camera got no user name and password. Check that the port speaks RTSPS. If the message shows a fingerprint, compare it with the camera's, and start the camera with it as `tls_fingerprint`.",
  },
  ERR_SOURCE_LATE: {
    sentence:
      'For 4 s, every frame arrived too late to show: the network is too slow for the stream. The gateway reconnects to skip the backlog. If the error persists, lower the bit rate.',
  },
  ERR_NO_KEY_FRAME: {
    sentence:
      "The camera sends data, but the gateway has no complete key frame to begin with. It waits for one, for up to 5 min, and reconnects sooner if that is known to bring one. Shorten the key frame interval in the camera's settings.",
  },
  ERR_DECODE: { sentence: 'The decoder reports damaged frames, or produces none. The gateway reconnects.' },
  ERR_NOT_SHOWN: {
    sentence:
      "Complete frames arrive, but for 5 s the gateway could show none. The gateway reconnects. If the error persists, check the load of the gateway's machine, and report the camera's model.",
  },
  ERR_ENCODE: { sentence: 'The gateway could not encode a frame as JPEG. The gateway reconnects.' },
  ERR_PIPELINE: { sentence: 'GStreamer reported an error. The gateway reconnects; see the log for details.' },
  ERR_SET_ASIDE: {
    sentence:
      'The gateway did not start the camera: it ended three times in a row while it was starting this one, or more than `MAX_CAMERAS` are saved. Start the camera with `retry: true` to try again.',
  },
  ERR_PIPELINE_BUILD: {
    sentence:
      'GStreamer cannot start or lacks an element, or the process is short of file descriptors or threads. Run `npm run setup` to install what is missing, or raise the limit that the message names.',
  },
  ERR_MEDIAMTX_DOWN: {
    sentence: 'MediaMTX is not ready. See `GET /health` for the reason; cameras start when MediaMTX is ready.',
  },
  ERR_MEDIAMTX_API: {
    sentence: "MediaMTX's API does not respond, or rejected a request. Check `MEDIAMTX_API` and MediaMTX's log.",
  },
} as const satisfies ErrorList

/** Why the gateway did not start; reported on standard error, with an exit status. */
export const START_ERRORS = {
  ERR_CONFIG_INVALID: { sentence: 'A setting is invalid. See the message for its name and the expected value.' },
  ERR_ADDON_LOAD: {
    sentence:
      'The native addon does not load, or GStreamer lacks elements. Run `npm run setup` to install what the message names.',
  },
  ERR_BIND: {
    sentence:
      'An address is in use, or does not belong to this machine. Change the setting that the message names to a different address.',
  },
  ERR_MEDIAMTX_START: { sentence: 'MediaMTX did not start. See the message for the reason.' },
  ERR_MEDIAMTX_OLD: { sentence: 'MediaMTX is too old. Install the version that the message names, or a newer one.' },
  ERR_DEMO: {
    sentence: 'The simulated camera of `--demo` is not built, or did not start. Run `npm run setup` to build it.',
  },
} as const satisfies ErrorList

/** `GatewayError.code` of the Python client, in addition to the gateway's codes. */
export const PYTHON_ERRORS = {
  ERR_GATEWAY_UNREACHABLE: {
    sentence: 'Nothing responds at the address. Check `GATEWAY_BASE`, and that the gateway is running.',
  },
  ERR_GATEWAY: {
    sentence: 'The server at the address is not a Framegate gateway, or a proxy answered for it. Check `GATEWAY_BASE`.',
  },
} as const satisfies ErrorList

const ALL = { ...HTTP_ERRORS, ...CAMERA_ERRORS, ...START_ERRORS }

/** A code that the gateway itself can report. */
export type ErrorCode = keyof typeof ALL

/** What ended a camera's session; ERR_CLOSED if the gateway did. */
export type CameraErrorCode = keyof typeof CAMERA_ERRORS | 'ERR_INTERNAL' | 'ERR_CLOSED' | 'ERR_CAMERA_HOST'

/** HTTP status of a response with this code; 500 if the code has none. */
export function httpStatusOf(code: ErrorCode): number {
  const info: ErrorInfo = ALL[code]
  return info.status ?? 500
}
