// Chromium, and the app of test/browser/app in it.

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { Gateway } from './gateway.js'
import { NO_MEDIAMTX, ROOT, temporaryFolder } from './paths.js'
import { serve } from './serve.js'
import { TestCamera } from './test-camera.js'
import { until } from './wait.js'

const CHROMIUM = '/usr/bin/chromium'
/** Why tests in a browser are skipped; false if they run. */
export const noBrowser: string | false = existsSync(CHROMIUM) ? false : 'Chromium is not installed'
export const noPlayer = noBrowser || NO_MEDIAMTX

export interface Test {
  teardown(run: () => unknown): void
  comment(text: string): void
}

export async function launchChromium(t: Test, args: string[] = []): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...args] })
  t.teardown(() => browser.close())
  return browser
}

export async function startGateway(t: Test, env: Record<string, string> = {}): Promise<Gateway> {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), env })
  t.teardown(() => gateway.stop())
  return gateway
}

/** 640x360, 25 fps, a key frame every second. */
export async function startCamera(t: Test, options: Record<string, string | number> = {}): Promise<TestCamera> {
  const camera = await TestCamera.start({ width: 640, height: 360, fps: 25, gop: 25, 'bitrate-kbps': 600, ...options })
  t.teardown(() => camera.stop())
  return camera
}

/** Builds the app with Vite, as users do, and serves it from another origin than the gateway's. @returns its URL. */
export async function serveApp(t: Test): Promise<string> {
  const folder = temporaryFolder(t)
  const source = join(ROOT, 'test/browser/app')
  const options = ['--outDir', folder, '--emptyOutDir', '--logLevel', 'error']
  const vite = spawn(process.execPath, [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', source, ...options], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const status = await new Promise<number | null>((resolve) => vite.once('close', resolve))
  if (status !== 0) throw new Error(`Vite exited with status ${status}`)
  return serve(t, (request, response) => {
    const path = join(folder, request.url === '/' ? 'index.html' : request.url!.split('?')[0]!)
    if (!existsSync(path)) return response.writeHead(404).end()
    const type = extname(path) === '.js' ? 'text/javascript' : 'text/html'
    return response.writeHead(200, { 'content-type': type }).end(readFileSync(path))
  })
}

export interface Status {
  state: 'connecting' | 'live' | 'stalled' | 'fallback'
  way: 'webrtc' | 'hls' | 'mjpeg' | null
  reason: string | null
  /** performance.now() in the page. */
  atMs: number
}

/** The app in a page: controls the component and reads what it shows and does. */
export class App {
  constructor(readonly page: Page) {}

  /** @param prepare runs before the page loads. */
  static async open(
    t: Test,
    browser: Browser,
    address: string,
    prepare: (page: Page) => Promise<unknown> = async () => undefined,
  ): Promise<App> {
    const page = await browser.newPage()
    t.teardown(() => page.close())
    await prepare(page)
    await page.goto(address)
    await until('the app to load', () => page.evaluate('window.app !== undefined'))
    return new App(page)
  }

  show(props: Record<string, unknown>): Promise<unknown> {
    return this.page.evaluate(`app.show(${JSON.stringify(props)})`)
  }
  hide(): Promise<unknown> {
    return this.page.evaluate('app.hide()')
  }
  status(): Promise<Status | null> {
    return this.page.evaluate('app.status()')
  }
  states(): Promise<Status[]> {
    return this.page.evaluate('app.states')
  }
  picture(): Promise<string> {
    return this.page.evaluate('app.picture()')
  }
  /** The text that the component shows over the picture. */
  words(): Promise<string> {
    return this.page.evaluate('app.words()')
  }
  /** The addresses of the scripts that the page has loaded, one a line. */
  scripts(): Promise<string> {
    return this.page.evaluate(
      `performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.js')).join('\\n')`,
    )
  }
  /** All requests by fetch so far; atMs is performance.now() in the page. */
  requests(): Promise<{ method: string; url: string; atMs: number }[]> {
    return this.page.evaluate('app.requests()')
  }

  untilStatus(state: Status['state'], way?: Status['way'], limitMs = 40000): Promise<Status> {
    return until(
      `the player to be ${state}${way ? ` over ${way}` : ''}`,
      async () => {
        const status = await this.status()
        if (status?.state !== state || (way && status.way !== way)) throw new Error(JSON.stringify(status))
        return status
      },
      { limitMs },
    )
  }

  untilReason(reason: RegExp): Promise<unknown> {
    return until(`the reason ${reason}`, async () => {
      const status = await this.status()
      if (!reason.test(status?.reason ?? '')) throw new Error(JSON.stringify(status))
      return true
    })
  }

  async untilMoving(limitMs = 40000): Promise<void> {
    const first = await until('a picture', () => this.picture(), { limitMs })
    await until('another picture', async () => (await this.picture()) !== first, { limitMs })
  }
}
