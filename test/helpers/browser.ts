// Chromium, and an app of test/browser/app in it.

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { ROOT } from './paths.js'
import { until } from './wait.js'

const CHROMIUM = '/usr/bin/chromium'
export const noBrowser: string | false = existsSync(CHROMIUM) ? false : 'no Chromium on this machine'

export function launchChromium(args: string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...args] })
}

/** Builds the app as its users do, with Vite, and serves it from an origin of its own. */
export async function serveApp(folder: string): Promise<{ address: string; close(): void }> {
  const vite: ChildProcess = spawn(
    process.execPath,
    [
      join(ROOT, 'node_modules/vite/bin/vite.js'),
      'build',
      join(ROOT, 'test/browser/app'),
      '--outDir',
      folder,
      '--emptyOutDir',
      '--logLevel',
      'error',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const status = await new Promise<number | null>((resolve) => vite.once('close', resolve))
  if (status !== 0) throw new Error(`Vite ended with ${status}`)
  const server = createServer((request, response) => {
    const path = join(folder, request.url === '/' ? 'index.html' : request.url!.split('?')[0]!)
    if (!existsSync(path)) return response.writeHead(404).end()
    return response
      .writeHead(200, { 'content-type': extname(path) === '.js' ? 'text/javascript' : 'text/html' })
      .end(readFileSync(path))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export interface Status {
  state: 'connecting' | 'live' | 'stalled' | 'fallback'
  way: 'webrtc' | 'hls' | 'mjpeg' | null
  reason: string | null
  atMs: number
}

/** What the app shows and tells. */
export class App {
  constructor(readonly page: Page) {}

  static async open(browser: Browser, address: string): Promise<App> {
    const page = await browser.newPage()
    // Everything that a component could leave behind is counted.
    await page.addInitScript(`(() => {
      const timers = new Set(), peers = new Set()
      for (const [set, clear] of [['setTimeout', 'clearTimeout'], ['setInterval', 'clearInterval']]) {
        const [real, realClear] = [window[set], window[clear]]
        window[set] = (run, ms, ...rest) => {
          const id = real(set === 'setTimeout' ? (...a) => { timers.delete(id); run(...a) } : run, ms, ...rest)
          timers.add(id)
          return id
        }
        window[clear] = (id) => { timers.delete(id); realClear(id) }
      }
      const Real = window.RTCPeerConnection
      window.RTCPeerConnection = class extends Real { constructor(c) { super(c); peers.add(this) } close() { peers.delete(this); super.close() } }
      window.left = () => ({ timers: timers.size, peers: peers.size })
      window.peersMade = 0
    })()`)
    await page.goto(address)
    await page.waitForFunction('window.app !== undefined')
    return new App(page)
  }

  show(props: Record<string, unknown>): Promise<unknown> {
    return this.page.evaluate(`app.show(${JSON.stringify(props)})`)
  }
  hide(): Promise<unknown> {
    return this.page.evaluate('app.hide()')
  }
  status(): Promise<Status> {
    return this.page.evaluate('app.status()')
  }
  states(): Promise<Status[]> {
    return this.page.evaluate('app.states')
  }
  picture(): Promise<string> {
    return this.page.evaluate('app.picture()')
  }

  untilStatus(state: Status['state'], way: Status['way'] | undefined, limitMs = 40000): Promise<Status> {
    return until(
      `the player to be ${state}${way ? ` by ${way}` : ''}`,
      async () => {
        const status = await this.status()
        if (status?.state !== state || (way && status.way !== way)) throw new Error(JSON.stringify(status))
        return status
      },
      { limitMs },
    )
  }

  async untilMoving(limitMs = 40000): Promise<void> {
    const first = await until('a picture', () => this.picture(), { limitMs })
    await until('another picture', async () => (await this.picture()) !== first, { limitMs })
  }
}
