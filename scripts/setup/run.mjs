// Runs one command of the set-up: its output line by line, its end, the last lines where it fails.

import { spawn } from 'node:child_process'
import { accessSync, constants, rmSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const TAIL_LINES = 25
const running = new Set()
const leftovers = new Set()
let ended = null

/** Something went wrong that people can mend; the message says how. No stack is shown for it. */
export class SetupError extends Error {}

/**
 * Resolves when the command has ended and its output is read.
 *
 * @param options.onLine is given each line of stdout and stderr.
 * @param options.finish true: a signal that ends the set-up waits for this command (apt must not be cut off).
 * @param options.terminal true: the command may ask on the terminal.
 * @param options.limitMs kills the command after this long.
 * @returns {Promise<{code: number | null, stdout: string, tail: string, missing: boolean}>} `missing`: there is no such program.
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
      // What onLine takes for itself (true) is progress and tells nothing of a failure.
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

/** A command that has to succeed. @throws {SetupError} `failure`, with the last lines of the command's output. */
export async function must(failure, command, args, options) {
  const result = await run(command, args, options)
  if (result.code !== 0)
    throw new SetupError(`${failure}\n${result.tail || `(${command} ended with ${result.code} and said nothing)`}`)
  return result
}

/** Where PATH has the program; null where it has not. */
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

/** The folder is removed when the process ends, however that comes about. */
export function removeAtEnd(folder) {
  leftovers.add(folder)
  return () => {
    leftovers.delete(folder)
    rmSync(folder, { recursive: true, force: true })
  }
}

function removeLeftovers() {
  for (const folder of leftovers) rmSync(folder, { recursive: true, force: true })
}

function onSignal(signal) {
  ended = signal === 'SIGINT' ? 130 : 143
  for (const { child, finish } of running) if (!finish) child.kill('SIGTERM')
  if (running.size === 0) process.exit(ended)
}

/** Signals end the set-up and what it runs. @returns undoes this: the gateway has signal handlers of its own. */
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
