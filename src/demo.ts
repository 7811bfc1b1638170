// The simulated camera of --demo: a test camera process, started as camera "demo".

import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { FramegateError } from './errors.js'

export interface Demo {
  /** Address of the simulated camera. */
  url: string
  stop(): Promise<void>
}

const START_LIMIT_MS = 15000

/** @throws FramegateError if the camera does not start. */
export async function startDemoCamera(): Promise<Demo> {
  const binary = fileURLToPath(new URL('../../build/Release/test-camera', import.meta.url))
  await access(binary).catch(() => {
    throw new FramegateError(
      'ERR_DEMO',
      `--demo: the simulated camera is not built (${binary}); run "npm run setup" to build it`,
    )
  })
  const child = spawn(
    binary,
    ['--port', '0', '--path', '/demo', '--width', '1280', '--height', '720', '--fps', '25', '--gop', '25'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
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
