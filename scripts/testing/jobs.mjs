// Runs things some at a time.

/** Resolves when `run(item, job)` has resolved for each; `job`, from 0 to `jobs` - 1, is never in use twice at once. */
export async function inJobs(jobs, items, run) {
  const waiting = [...items]
  const worker = async (job) => {
    while (waiting.length > 0) await run(waiting.shift(), job)
  }
  await Promise.all(Array.from({ length: jobs }, (_, job) => worker(job)))
}
