// How a Python program elsewhere reads a camera of this page: what the page shows to copy. Pure.

import type { Camera } from './api-types.js'

interface PythonUse {
  /** Prints the size and age of each new frame. */
  program: string
  /** A line for the program's shell; null if it needs none. */
  environment: string | null
  /** What the program needs on the gateway's side before it gets frames; null: nothing. */
  caution: string | null
}

const LOOPBACK_HOST = /^(localhost|127(\.\d+){3}|\[::1\])$/
const LOOPBACK_ENDPOINT = /^(ipc:|tcp:\/\/(localhost|127(\.\d+){3}|\[::1\]):)/
/** Where open_capture looks without `gateway`. */
const DEFAULT_BASES = ['http://127.0.0.1:8090', 'http://localhost:8090']

/** @param base the page's address, without a trailing slash. */
export function pythonUse(
  camera: Pick<Camera, 'name' | 'zmq_endpoint' | 'zmq_keys' | 'ticket'>,
  base: string,
): PythonUse {
  const isHere = LOOPBACK_HOST.test(new URL(base).hostname)
  const gateway = DEFAULT_BASES.includes(base) ? '' : `, gateway=${JSON.stringify(base)}`
  const needed = [
    ...(camera.ticket === null ? [] : ['FRAMEGATE_TOKEN=...']),
    ...(camera.zmq_keys && !isHere
      ? ['FRAMEGATE_CURVE_KEY=NAME.key_secret', 'FRAMEGATE_CURVE_SERVER_KEY=gateway.key']
      : []),
  ]
  return {
    program: `from framegate import open_capture

cap = open_capture(${JSON.stringify(camera.name)}${gateway})
while True:
    ok, image = cap.read()  # NumPy array (height, width, BGR), as in OpenCV
    if not ok:
        print(cap.last_error)
        continue
    print(cap.seq, image.shape, f"{cap.age_ms:.0f} ms old")`,
    environment: needed.length === 0 ? null : `export ${needed.join(' ')}`,
    caution:
      isHere || !LOOPBACK_ENDPOINT.test(camera.zmq_endpoint)
        ? null
        : "The program reads over ZeroMQ, and this gateway's ZeroMQ listens only on its own machine. To read from another machine, set ZMQ_BIND and keys (docs/security.md#zeromq).",
  }
}
