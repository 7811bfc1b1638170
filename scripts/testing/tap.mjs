// Runs the compiled TypeScript tests, each file in a process of its own, and counts their tests from their TAP.
//
// Not through tap's runner: that loads its TypeScript plugin into each test, which starts a daemon, and of a file
// that hangs it shows nothing. A tap test is a program that prints TAP; that is all that is needed here.

import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { duration } from '../setup/progress.mjs'
import { root } from '../setup/stamp.mjs'
import { inJobs } from './jobs.mjs'

const JOBS = 2
// tap ends a file by itself and says in which test; the process group is killed a little later.
const FILE_LIMIT_S = 300
const KILL_AFTER_MS = (FILE_LIMIT_S + 15) * 1000

// A file that takes long is named this often, so that nobody thinks that all stands still.
const TELL_EVERY_MS = 30000

const groups = new Set()
const running = new Map()

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}

/** Whether the process group has a process that still runs. One that ended and waits to be reaped by init does not. */
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

/** Resolves when all files have ended. @param paths of sources, "test/x.test.ts". */
export async function runTap(paths, report) {
  const { Parser } = await import('tap-parser')
  const end = () => groups.forEach(killGroup)
  process.on('exit', end)
  const timer = setInterval(tellRunning, TELL_EVERY_MS)
  await inJobs(JOBS, paths, (path, job) => runFile(path, job, Parser, report))
  clearInterval(timer)
  process.off('exit', end)
}

function tellRunning() {
  for (const [path, startedAt] of running) {
    if (Date.now() - startedAt > TELL_EVERY_MS)
      process.stdout.write(`       ${duration(Date.now() - startedAt).padStart(12)}  ${path} is running\n`)
  }
}

function runFile(path, job, Parser, report) {
  return new Promise((resolve) => {
    const startedAt = Date.now()
    const file = join(root, 'dist', path.replace(/\.ts$/, '.js'))
    // A process group of its own, so that what a test leaves running ends with it.
    const child = spawn(process.execPath, ['--enable-source-maps', file], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // TAP_JOB_ID as tap's runner sets it: files that run at once can keep to ports of their own.
      env: { ...process.env, TAP: '1', TAP_JOB_ID: String(job), TAP_TIMEOUT: String(FILE_LIMIT_S) },
    })
    groups.add(child.pid)
    running.set(path, startedAt)
    let output = ''
    const parser = new Parser()
    const tree = watch(parser)
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.stdout.on('data', (text) => parser.write(text))
    let killed = false
    const timer = setTimeout(() => {
      killed = true
      killGroup(child.pid)
    }, KILL_AFTER_MS)
    child.on('error', (error) => (output += error.message))
    // Not 'close': something that a test left running may hold the pipes open for ever.
    child.on('exit', (code, signal) => {
      const left = runsIn(child.pid)
      killGroup(child.pid)
      child.on('close', () => {
        clearTimeout(timer)
        groups.delete(child.pid)
        running.delete(path)
        parser.end()
        const counts = countFile(tree, code === 0 && !killed)
        if (killed) output += `\nIt did not end within ${KILL_AFTER_MS / 1000} s and was killed.`
        else if (code !== 0) output += `\nThe process ended with ${signal ?? code}.`
        if (left) process.stdout.write(`       ${path} left processes behind; they were killed.\n`)
        report.file(path, counts, Date.now() - startedAt, output)
        resolve()
      })
    })
  })
}

/** A parser's test points; a subtest's point carries the points in it. */
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
 * A test is a subtest without subtests in it; at the top of a file an assertion outside of any is one too.
 *
 * @param endedWell the process ended with 0. A failure that no test tells of counts as one.
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
  // Its own assertions count when they fail, and so does what else made it fail (a timeout, a plan).
  counts.failed += child.points.filter((point) => point.child === null && !point.ok && !point.skip).length
  if (!ok && !skip && counts.failed === before) counts.failed += 1
}
