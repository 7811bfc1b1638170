// A limit for a wait that something else may end sooner.

/**
 * Runs a wait with a signal that is aborted after `limitMs`, or when `signal` is. Use it instead of AbortSignal.any() with
 * AbortSignal.timeout(): Node.js 20 may collect that timeout as garbage, and then the wait never ends.
 */
export async function within<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  wait: (over: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const abort = () => controller.abort(signal?.reason)
  const expire = () => controller.abort(new DOMException(`no result within ${limitMs / 1000} s`, 'TimeoutError'))
  const timer = setTimeout(expire, limitMs)
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort, { once: true })
  try {
    return await wait(controller.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
