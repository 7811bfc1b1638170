// Runs the compiled TypeScript tests, each file in its own process, and counts the tests from their TAP output.
//
// It does not use tap's runner, which loads its TypeScript plugin into each test, starts a daemon, and shows nothing of
// a file that hangs. A tap test is a program that prints TAP, and that is all that is needed here.

import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { duration } from '../setup/progress.mjs'
import { root } from '../setup/stamp.mjs'
import { inJobs } from './jobs.mjs'

const JOBS = 2
// tap ends a file at this limit and names the running test. The process group is killed a little later.
const LIMIT_S = 300
const KILL_AFTER_S = 15

// Runs a program on what the others leave of the processor. nice counts only within a session if the kernel shares the
// processor among sessions (autogroup), so the session gets the lowest priority too.
const ASIDE = ['sh', '-c', '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 19 "$@"', 'sh']
// clang-tidy takes minutes on a new checkout, and much longer beside a busy machine's tests.
const LIMIT_ASIDE_S = 1800

// Prints the files that are still running this often, to show progress.
const PROGRESS_EVERY_MS = 30000

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}

/** Whether a process of the group is still running. Zombies that wait for init to reap them do not count. */
function runsIn(group) {
  return readdirSync('/proc').some((name) => {
    if (!/^[0-9]+$/.test(name)) return false
    try {
      const [state, , pgrp] = readFileSync(`/proc/${name}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')
      return Number(pgrp) === group && state !== 'Z' && state !== 'X'
    } catch {
      return false
    }
  })
}

/**
 * Resolves when all files have ended.
 *
 * @param paths of sources, "test/x.test.ts".
 * @param jobs how many run at once.
 * @param aside whether they run at the lowest priority, for files that need nothing but the processor.
 */
export async function runTap(paths, report, { jobs = JOBS, aside = false } = {}) {
  const { Parser } = await import('tap-parser')
  const groups = new Set()
  const running = new Map()
  const end = () => groups.forEach(killGroup)
  process.on('exit', end)
  const timer = setInterval(printRunning, PROGRESS_EVERY_MS, running)
  await inJobs(jobs, paths, (path, job) => runFile(path, { job, aside, groups, running, Parser, report }))
  clearInterval(timer)
  process.off('exit', end)
}

function printRunning(running) {
  for (const [path, startedAt] of running) {
    if (Date.now() - startedAt > PROGRESS_EVERY_MS)
      process.stdout.write(`       ${duration(Date.now() - startedAt).padStart(12)}  ${path} is still running\n`)
  }
}

function runFile(path, { job, aside, groups, running, Parser, report }) {
  return new Promise((resolve) => {
    const startedAt = Date.now()
    const limitS = aside ? LIMIT_ASIDE_S : LIMIT_S
    const file = join(root, 'dist', path.replace(/\.ts$/, '.js'))
    // Its own process group, so that processes a test leaves running end with it.
    const [program, ...args] = [...(aside ? ASIDE : []), process.execPath, '--enable-source-maps', file]
    const child = spawn(program, args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // TAP_JOB_ID as tap's runner sets it, so that files that run at once can use different ports.
      env: { ...process.env, TAP: '1', TAP_JOB_ID: String(job), TAP_TIMEOUT: String(limitS) },
    })
    groups.add(child.pid)
    running.set(path, startedAt)
    let output = ''
    const parser = new Parser()
    const tree = watch(parser)
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.stdout.on('data', (text) => parser.write(text))
    let killed = false
    const timer = setTimeout(
      () => {
        killed = true
        killGroup(child.pid)
      },
      (limitS + KILL_AFTER_S) * 1000,
    )
    child.on('error', (error) => (output += error.message))
    // Not 'close': a process that a test left running may keep the pipes open forever.
    child.on('exit', (code, signal) => {
      const left = runsIn(child.pid)
      killGroup(child.pid)
      child.on('close', () => {
        clearTimeout(timer)
        groups.delete(child.pid)
        running.delete(path)
        parser.end()
        const counts = countFile(tree, code === 0 && !killed)
        if (killed) output += `\nThe process did not finish within ${limitS + KILL_AFTER_S} s and was killed.`
        else if (code !== 0) output += `\nThe process ended with ${signal ?? `status ${code}`}.`
        if (left) process.stdout.write(`       ${path} left processes running, which were killed.\n`)
        report.file(path, counts, Date.now() - startedAt, output)
        resolve()
      })
    })
  })
}

/** Collects a parser's test points. The point of a subtest has the points in it as `child`. */
function watch(parser) {
  const node = { points: [], plan: null }
  let child = null
  parser.on('child', (subparser) => (child = watch(subparser)))
  parser.on('plan', (plan) => (node.plan = plan))
  parser.on('assert', ({ ok, skip, todo }) => {
    node.points.push({ ok, skip: Boolean(skip || todo), child })
    child = null
  })
  return node
}

/**
 * Counts the tests of a file. A test is a subtest without subtests, or a top-level assertion outside of any subtest.
 *
 * @param endedWell whether the process exited with 0. If it did not and no test failed, that counts as one failure.
 */
export function countFile(tree, endedWell) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const point of tree.points) countPoint(point, counts)
  const { passed, failed, skipped } = counts
  if (passed + failed + skipped === 0 && endedWell && tree.plan?.skipAll) counts.skipped = 1
  else if (failed === 0 && (!endedWell || passed + skipped === 0)) counts.failed = 1
  return counts
}

function countPoint({ ok, skip, child }, counts) {
  const inner = child?.points.filter((point) => point.child !== null) ?? []
  if (inner.length === 0) {
    counts[skip ? 'skipped' : ok ? 'passed' : 'failed'] += 1
    return
  }
  const before = counts.failed
  for (const point of inner) countPoint(point, counts)
  // Count its own failed assertions, and any other reason for its failure (a timeout, a plan).
  counts.failed += child.points.filter((point) => point.child === null && !point.ok && !point.skip).length
  if (!ok && !skip && counts.failed === before) counts.failed += 1
}
