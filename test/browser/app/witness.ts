// Records the timers, peer connections, requests and pictures of all code loaded after it. main.tsx imports it first.

type Callback = (...args: unknown[]) => void

const timers = new Set<number>()
const peers: RTCPeerConnection[] = []
const requests: { method: string; url: string; atMs: number }[] = []
let pending = 0
let pictureAtMs: number | null = null

const real = {
  setTimeout: window.setTimeout.bind(window) as (run: Callback, ms?: number, ...args: unknown[]) => number,
  setInterval: window.setInterval.bind(window) as (run: Callback, ms?: number, ...args: unknown[]) => number,
  clearTimeout: window.clearTimeout.bind(window),
  clearInterval: window.clearInterval.bind(window),
  fetch: window.fetch.bind(window),
  RTCPeerConnection: window.RTCPeerConnection,
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the element below
  requestVideoFrameCallback: HTMLVideoElement.prototype.requestVideoFrameCallback,
}

Object.assign(window, {
  setTimeout: (run: Callback, ms?: number, ...args: unknown[]) => {
    const ended: Callback = (...values) => {
      timers.delete(id)
      run(...values)
    }
    const id = real.setTimeout(ended, ms, ...args)
    timers.add(id)
    return id
  },
  setInterval: (run: Callback, ms?: number, ...args: unknown[]) => {
    const id = real.setInterval(run, ms, ...args)
    timers.add(id)
    return id
  },
  clearTimeout: (id: number) => {
    timers.delete(id)
    real.clearTimeout(id)
  },
  clearInterval: (id: number) => {
    timers.delete(id)
    real.clearInterval(id)
  },
  fetch: async (url: string, options?: RequestInit) => {
    requests.push({ method: options?.method ?? 'GET', url, atMs: performance.now() })
    pending++
    try {
      return await real.fetch(url, options)
    } finally {
      pending--
    }
  },
  RTCPeerConnection: class extends real.RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      peers.push(this)
    }
  },
})

HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
  return real.requestVideoFrameCallback.call(this, (now, metadata) => {
    pictureAtMs = performance.now()
    callback(now, metadata)
  })
}

export const witness = {
  /** Counts what exists now and must be gone once the component is unmounted. */
  left: () => ({ timers: timers.size, peers: peers.filter((peer) => peer.connectionState !== 'closed').length }),
  /** States of all peer connections ever made, in order. */
  peers: () => peers.map(({ connectionState }) => connectionState),
  /** All calls of fetch; atMs as performance.now(). */
  requests: () => requests,
  /** Calls of fetch without a response. */
  pending: () => pending,
  /** When a video last showed a new picture, as performance.now(). */
  pictureAtMs: () => pictureAtMs,
}
