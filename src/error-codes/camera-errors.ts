// Error codes of cameras.

import type { ErrorList } from './error-list.js'

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
      'The camera does not support this transport, TCP or UDP (461). With `rtsp_transport` set to `automatic`, the gateway tries the other one next; otherwise, set `rtsp_transport` to the other one.',
  },
  ERR_SOURCE_NO_VIDEO: { sentence: 'The address has no video. Choose another path of the camera.' },
  ERR_CODEC_UNSUPPORTED: {
    sentence:
      "Framegate does not decode the codec, or the pictures are larger than 35 megapixels, or its decoder must keep too many of them, or the parameter sets are larger than 64 KB. Choose H.264, H.265 or MJPEG, or a smaller size, in the camera's settings. The gateway retries every minute.",
  },
  ERR_SOURCE_CLOSED: { sentence: 'The camera ended the stream or closed the connection. The gateway reconnects.' },
  ERR_SOURCE_SILENT: {
    sentence:
      'The camera has been silent for longer than it may pause, or sends packets but has sent no complete frame for 1 s. If that lasts, the gateway reconnects.',
  },
  ERR_SOURCE_READ: {
    sentence:
      'The connection failed, or the device at the address does not speak RTSP. If the error persists, check address and port.',
  },
  ERR_SOURCE_STREAM: {
    sentence:
      'The stream broke or changed its format, or 32 MB came without a complete picture. The gateway reconnects.',
  },
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
      "The camera sends data, but the gateway has no complete key frame to begin with. It waits for one, for up to 5 min, and reconnects sooner if the last session began with one. Shorten the key frame interval in the camera's settings.",
  },
  ERR_DECODE: { sentence: 'The decoder reports damaged frames, or produces none. The gateway reconnects.' },
  ERR_NOT_SHOWN: {
    sentence:
      "Complete frames arrive, but for 5 s the gateway could publish none. The gateway reconnects. If the error persists, check the load of the gateway's machine, and report the camera's model.",
  },
  ERR_ENCODE: { sentence: 'The gateway could not encode a frame as JPEG. The gateway reconnects.' },
  ERR_PIPELINE: { sentence: 'GStreamer reported an error. The gateway reconnects; see the log for details.' },
  ERR_SET_ASIDE: {
    sentence:
      'The gateway did not start the camera: it crashed three times in a row while it was starting this one, or more than `MAX_CAMERAS` are saved. Start the camera with `retry: true` to try again.',
  },
  ERR_PIPELINE_BUILD: {
    sentence:
      'GStreamer cannot start or lacks an element, or the process is short of file descriptors, threads or memory. Do what the message says: install what is missing (`npm run setup` in a checkout), or raise the limit that it names.',
  },
  ERR_MEDIAMTX_DOWN: {
    sentence: 'MediaMTX is not ready. See `GET /health` for the reason; cameras start when MediaMTX is ready.',
  },
  ERR_MEDIAMTX_API: {
    sentence: "MediaMTX's API does not respond, or rejected a request. Check `MEDIAMTX_API` and MediaMTX's log.",
  },
} as const satisfies ErrorList
