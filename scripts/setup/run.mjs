// Runs one command of the setup: passes on its output line by line and keeps the last lines in case it fails.

import { spawn } from 'node:child_process'
import { accessSync, constants, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

const TAIL_LINES = 25
const running = new Set()
const leftovers = new Set()
let ended = null

/** An error that the user can fix; the message says how. It is shown without a stack trace. */
export class SetupError extends Error {}

/**
 * Resolves when the command has exited and its output has been read.
 *
 * @param options.onLine receives each line of stdout and stderr. If it returns true, the line is not kept in `tail`.
 * @param options.finish true: on a signal, the setup waits for this command (interrupting apt would break packages).
 * @param options.terminal true: the command may prompt on the terminal.
 * @param options.limitMs kills the command after this time; 0: never.
 * @returns {Promise<{code: number | null, stdout: string, tail: string, missing: boolean}>} `missing`: the program is
 *   not installed.
 */
export function run(command, args = [], options = {}) {
  const { cwd, env, onLine, finish = false, terminal = false, limitMs = 0 } = options
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: [terminal ? 'inherit' : 'ignore', 'pipe', 'pipe'] })
    const entry = { child, finish }
    running.add(entry)
    let stdout = ''
    let missing = false
    const tail = []
    const reader = (keep) => {
      let rest = ''
      return {
        data: (text) => {
          if (keep) stdout += text
          const lines = (rest + text).split(/\r?\n|\r/)
          rest = lines.pop()
          lines.forEach(take)
        },
        end: () => rest !== '' && take(rest),
      }
    }
    const take = (line) => {
      // A line that onLine handled is progress and does not explain a failure.
      if (onLine?.(line) === true || line.trim() === '') return
      tail.push(line)
      if (tail.length > TAIL_LINES) tail.shift()
    }
    for (const [stream, keep] of [
      [child.stdout, true],
      [child.stderr, false],
    ]) {
      const lines = reader(keep)
      stream.setEncoding('utf8').on('data', lines.data).on('end', lines.end)
    }
    const timer = limitMs > 0 ? setTimeout(() => child.kill('SIGKILL'), limitMs) : null
    child.on('error', (error) => {
      missing = error.code === 'ENOENT'
      tail.push(error.message)
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      running.delete(entry)
      if (ended !== null && running.size === 0) process.exit(ended)
      if (ended === null) resolve({ code, stdout, tail: tail.join('\n'), missing })
    })
  })
}

/** Runs a command that has to succeed. @throws {SetupError} `failure`, with the last lines of the command's output. */
export async function must(failure, command, args, options) {
  const result = await run(command, args, options)
  if (result.code !== 0)
    throw new SetupError(`${failure}\n${result.tail || `(${command} exited with status ${result.code} and no output)`}`)
  return result
}

/** The path of a program on PATH; null if it is not there. */
export function which(program, path = process.env.PATH ?? '') {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue
    const file = join(folder, program)
    try {
      accessSync(file, constants.X_OK)
      if (statSync(file).isFile()) return file
    } catch {
      // The next folder.
    }
  }
  return null
}

/**
 * Removes the folder when the process exits, also after a signal.
 *
 * @returns an async function that removes it now. Meanwhile, the progress goes on to be shown.
 */
export function removeAtEnd(folder) {
  leftovers.add(folder)
  return async () => {
    await rm(folder, { recursive: true, force: true })
    leftovers.delete(folder)
  }
}

function removeLeftovers() {
  for (const folder of leftovers) rmSync(folder, { recursive: true, force: true })
}

function onSignal(signal) {
  ended = signal === 'SIGINT' ? 130 : 143
  if (leftovers.size > 0) process.stderr.write('\nRemoving what is unfinished ...\n')
  for (const { child, finish } of running) if (!finish) child.kill('SIGTERM')
  if (running.size === 0) process.exit(ended)
}

/** Makes signals end the setup and its commands. @returns a function that undoes this, for the gateway's own handlers. */
export function watchSignals() {
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  process.on('exit', removeLeftovers)
  return () => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
    process.off('exit', removeLeftovers)
  }
}
