// Error codes of HTTP responses.

import type { ErrorList } from './error-list.js'

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
    sentence:
      'The name belongs to a camera with another address. Send `replace: true` to change that camera, or choose another name.',
  },
  ERR_OWNED_BY_FILE: {
    status: 409,
    sentence:
      'The camera is in `framegate.yaml`, so the API neither changes nor stops it. Edit the file, then reload it with SIGHUP.',
  },
  ERR_CREDENTIALS_DIFFER: {
    status: 409,
    sentence:
      'The camera is already running with another user name or password, and has accepted those. To change them, send `replace: true`.',
  },
  ERR_TOO_MANY_GUESSES: {
    status: 429,
    sentence: 'Five different wrong passwords were sent for this running camera within a minute. Retry after a minute.',
  },
  ERR_TOO_MANY_RENDITIONS: {
    status: 409,
    sentence: 'The camera already has the maximum of 8 sizes and rates. Use one that the message lists.',
  },
  ERR_NOT_READY: {
    status: 503,
    sentence:
      'Only from `GET /health/ready`: the gateway is starting or shutting down, or MediaMTX is unavailable; the message says which. Send requests to another gateway, or retry.',
  },
  ERR_TOO_MANY_CAMERAS: {
    status: 409,
    sentence:
      'The gateway already runs the maximum number of cameras: `MAX_CAMERAS`, or fewer if the process has low limits on file descriptors or threads. Stop one first.',
  },
  ERR_CAMERA_HOST: {
    status: 403,
    sentence:
      'The gateway does not connect to this host. If it is not in `CAMERA_HOSTS`, add it. Link-local, multicast and reserved addresses are always refused: give the camera another address.',
  },
  ERR_CLOSED: { status: 409, sentence: 'The gateway is shutting down and starts no camera. Retry when it runs again.' },
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
      'The camera has 256 HTTP readers, the gateway 1024, or the gateway is short of memory; the message says which. Retry after `Retry-After`, or read with ZeroMQ or WebRTC. If memory is short, raise the memory limit of the service or container.',
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
    sentence: 'A viewer may only watch. Use an admin token to start and stop cameras, and to read the settings.',
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
