// Keeps a quarter of the file descriptors free of ZeroMQ's connections. ZeroMQ accepts them without a limit, and GLib
// ends the process if it gets no descriptor.

import { closeSync, openSync } from 'node:fs'

const SHARE = 0.75
// A flood of connections was seen to take 10 descriptors per ms.
const CHECK_EVERY_MS = 20

/** @param limit `ulimit -n`. @returns a function that ends this. */
export function keepDescriptors(limit: number, publisher: { disconnectAll(): Promise<void> }): () => Promise<void> {
  let busy = false
  const timer = setInterval(() => {
    if (busy || lowestFree() < limit * SHARE) return
    busy = true
    void publisher.disconnectAll().finally(() => (busy = false))
  }, CHECK_EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    return Promise.resolve()
  }
}

/** The kernel gives out the lowest number that is free. */
function lowestFree(): number {
  try {
    const fd = openSync('/dev/null', 'r')
    closeSync(fd)
    return fd
  } catch {
    return Infinity
  }
}
