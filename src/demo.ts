// The simulated camera of --demo: a test camera process, started as camera "demo".

import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { FramegateError } from './errors.js'
import { remedy } from './remedies.js'

export interface Demo {
  /** Address of the simulated camera. */
  url: string
  stop(): Promise<void>
}

/** The same at each start, so that a program with the address runs again. */
export const DEMO_PORT = 8556
const START_LIMIT_MS = 15000

/**
 * @param port to listen on; any free one if it is taken.
 * @throws FramegateError if the camera does not start.
 */
export async function startDemoCamera(port: number): Promise<Demo> {
  const binary = fileURLToPath(new URL('../../build/Release/test-camera', import.meta.url))
  await access(binary).catch(() => {
    throw new FramegateError(
      'ERR_DEMO',
      `--demo: the simulated camera is not built (${binary}); ${remedy('test camera')}`,
    )
  })
  const usable = (await isFree(port)) ? port : 0
  const options = { path: '/demo', width: 1280, height: 720, fps: 25, gop: 25, port: usable }
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn(binary, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  child.stdin.on('error', () => undefined) // The process has ended: `exited` resolves.
  const stop = async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
    await exited
    clearTimeout(timer)
  }
  const url = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), START_LIMIT_MS)
    createInterface({ input: child.stdout }).on('line', (line) => {
      try {
        const event = JSON.parse(line) as { event?: string; url?: string }
        if (event.event === 'ready' && event.url) {
          clearTimeout(timer)
          resolve(event.url)
        }
      } catch {
        // Not an event: ignore the line.
      }
    })
    void exited.then(() => resolve(null))
  })
  if (url === null) {
    await stop()
    throw new FramegateError('ERR_DEMO', '--demo: the simulated camera did not start')
  }
  return { url, stop }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
