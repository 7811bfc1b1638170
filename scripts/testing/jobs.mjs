// Runs a limited number of jobs at a time.

/** Resolves when `run(item, job)` has resolved for each item. Calls that run at once get different `job`s, from 0 on. */
export async function inJobs(jobs, items, run) {
  const waiting = [...items]
  const worker = async (job) => {
    while (waiting.length > 0) await run(waiting.shift(), job)
  }
  await Promise.all(Array.from({ length: jobs }, (_, job) => worker(job)))
}
