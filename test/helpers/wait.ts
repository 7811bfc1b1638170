// Waits for conditions. If one does not come true in time, the error names it.

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Resolves with the first truthy result. Limits are generous, because a busy machine must not fail a test. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { limitMs = 20000, everyMs = 25 } = {},
): Promise<Exclude<T, undefined | null | false | '' | 0>> {
  const deadline = Date.now() + limitMs
  let last: unknown
  for (;;) {
    try {
      const result = await probe()
      if (result) return result as Exclude<T, undefined | null | false | '' | 0>
      last = result
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) {
      throw new Error(
        `waited ${limitMs / 1000} s for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      )
    }
    await pause(everyMs)
  }
}
