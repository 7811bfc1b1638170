// Owns the MediaMTX process: starts it, reads its log, restarts it if it dies, and ends it. The process never outlives
// the gateway, not even after kill -9.

import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { SourceError } from '../errors.js'
import { printable, redact } from '../redact.js'
import type { Logger } from '../types.js'
import { pathOf, readPathError, readPathWarning } from './path-error.js'

export interface SidecarOptions {
  binary: string
  configFile: string
  /** Includes MediaMTX's own MTX_* variables. */
  env: NodeJS.ProcessEnv
  logger: Logger
}

interface SidecarEvents {
  /** The process runs; its API may take a moment. */
  started: []
  /** The process ended without stop(). `why` is the signal, or the exit status and the last error in its log. */
  died: [why: string]
  /** MediaMTX could not pull a path, or lost it. */
  'path-error': [name: string, error: SourceError]
}

const FIRST_RESTART_MS = 200
const LONGEST_RESTART_MS = 5000
const STEADY_AFTER_MS = 10000
const TERMINATE_LIMIT_MS = 3000

export class Sidecar extends EventEmitter<SidecarEvents> {
  /** Starts after the first. */
  restarts = -1
  #child: ChildProcess | null = null
  #exited: Promise<void> = Promise.resolve()
  #stopping = false
  #restartMs = FIRST_RESTART_MS
  #restartTimer: NodeJS.Timeout | null = null
  #startedAtMs = 0
  #lastError = ''

  constructor(readonly options: SidecarOptions) {
    super()
  }

  start(): void {
    if (this.#stopping || this.#child) return
    this.restarts++
    this.#startedAtMs = performance.now()
    this.#lastError = ''
    // The kernel kills the child when the gateway's thread that started it dies (prctl(2)). Nothing else works after
    // kill -9. setpriv is part of util-linux.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', this.options.binary, this.options.configFile], {
      env: this.options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Keeps Ctrl-C in a terminal from reaching the child: the gateway ends it.
      detached: true,
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr] as (Readable | null | undefined)[]) {
      // Missing if the process has no file descriptor left; then 'error' follows.
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#onLogLine(line))
    }
    this.#exited = new Promise((resolve) => {
      let over = false
      const onEnd = (why: string) => {
        if (over) return
        over = true
        this.#child = null
        resolve()
        if (!this.#stopping) this.#died(why)
      }
      child.once('error', (error) => onEnd(`the process could not be started (${error.message})`))
      child.once('close', (code, signal) => onEnd(reasonOf(code, signal, this.#lastError)))
    })
    this.emit('started')
  }

  /** For a process that hangs; it is restarted. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Resolves when the process has ended. */
  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#restartTimer) clearTimeout(this.#restartTimer)
    const child = this.#child
    if (!child) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), TERMINATE_LIMIT_MS)
    await this.#exited
    clearTimeout(timer)
  }

  #died(why: string): void {
    if (performance.now() - this.#startedAtMs > STEADY_AFTER_MS) this.#restartMs = FIRST_RESTART_MS
    this.emit('died', why)
    if (this.#stopping) return
    this.#restartTimer = setTimeout(() => this.start(), this.#restartMs)
    this.#restartMs = Math.min(LONGEST_RESTART_MS, this.#restartMs * 2)
  }

  #onLogLine(line: string): void {
    const { level, message } = readLogLine(line)
    const isError = level === '' || /^err/i.test(level)
    const pathError = isError ? readPathError(message) : readPathWarning(message)
    if (pathError) this.emit('path-error', pathError.name, pathError.error)
    else if (isError) this.#lastError = message
    const camera = pathOf(message)
    this.options.logger.debug(message, { source: 'mediamtx', ...(camera !== null && { camera }) })
  }
}

/** Only a process that exits on its own has said why. */
function reasonOf(code: number | null, signal: NodeJS.Signals | null, lastError: string): string {
  if (signal !== null) return `killed by ${signal}`
  return lastError === '' ? `exit status ${code}` : `exit status ${code} (its last error: ${lastError})`
}

const structuredLine = z.object({ level: z.string(), message: z.string() })

/** A structured line, or plain text, which MediaMTX writes before it has read its configuration and when it panics. */
function readLogLine(line: string): { level: string; message: string } {
  const { level, message } = structuredLine.safeParse(parsed(line)).data ?? { level: '', message: line }
  return { level, message: printable(redact(message).replace(/[\n\t]/g, '?')) }
}

/** MediaMTX quotes strings as Go does, which has escapes that JSON lacks. @returns null if the line is plain text. */
function parsed(line: string): unknown {
  const json = line.replace(/\\(x[0-9a-f]{2}|U[0-9a-f]{8}|.)/g, (escape, code: string) => {
    if (code === 'a' || code === 'v') return code === 'a' ? '\\u0007' : '\\u000b'
    if (code.length === 1) return escape
    return JSON.stringify(String.fromCodePoint(Math.min(parseInt(code.slice(1), 16), 0x10ffff))).slice(1, -1)
  })
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
