// The page at / in a real Chromium.

import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import { accessibilityProblems } from '../helpers/accessibility.js'
import { launchChromium, noBrowser, startCamera, startGateway, type Test } from '../helpers/browser.js'
import { Gateway } from '../helpers/gateway.js'
import { PYTHON, ROOT, temporaryFolder } from '../helpers/paths.js'
import { lanAddress } from '../helpers/ports.js'
import { pause, until } from '../helpers/wait.js'

const SMALL = { width: 320, height: 180, fps: 10, gop: 10, 'bitrate-kbps': 300 }
const skip = noBrowser || (existsSync(join(ROOT, 'dist/page/index.html')) ? false : 'the page is not built')

const noNetwork = lanAddress === undefined && 'this machine has no network'

interface Opened {
  page: Page
  /** Errors in the browser's console. */
  errors: string[]
}

let browser: Browser

async function open(t: Test, address: string, size = { width: 1280, height: 800 }): Promise<Opened> {
  const page = await browser.newPage({ viewport: size })
  t.teardown(() => page.close())
  const errors: string[] = []
  page.on('console', (message) => {
    const { url } = message.location()
    // The browser logs each refused request. A camera can begin to refuse after the page received its list.
    const refused = url.includes('/frames?') && message.text().includes('status of 503')
    if (message.type() === 'error' && !refused) errors.push(`${message.text()} ${url}`)
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(address)
  return { page, errors }
}

const tile = (page: Page, name: string) => page.locator(`[data-camera-tile="${name}"]`)

/** The tile's picture as the data URL of a JPEG; '' before the first frame. */
function drawn(page: Page, name: string): Promise<string> {
  return tile(page, name)
    .locator('canvas')
    .evaluate((element: any) => (element.width < 100 ? '' : (element.toDataURL('image/jpeg', 0.5) as string)))
}

const isStale = async (page: Page, name: string) => (await tile(page, name).getAttribute('data-picture')) === 'stale'

async function untilMoving(page: Page, name: string): Promise<void> {
  const first = await until(`a picture of ${name}`, () => drawn(page, name), { limitMs: 30000 })
  await until(`another picture of ${name}`, async () => (await drawn(page, name)) !== first, { limitMs: 30000 })
}

/** The accessible name of the focused element; '' if none has the focus. */
function focused(page: Page): Promise<string> {
  return page.evaluate(`(() => {
    const { ariaLabel, labels, innerText } = document.activeElement
    return document.activeElement === document.body ? '' : (ariaLabel ?? labels?.[0]?.innerText ?? innerText)
  })()`)
}

/** Runs the page's Python program until it shows frames that it reads; it goes on until the end of the test. */
async function untilReading(t: Test, text: string, env: Record<string, string> = {}): Promise<void> {
  const program = spawn(PYTHON, ['-u', '-c', text], { env: { PYTHONPATH: join(ROOT, 'clients/python'), ...env } })
  t.teardown(() => program.kill('SIGKILL'))
  let printed = ''
  for (const stream of [program.stdout, program.stderr])
    stream.on('data', (chunk: Buffer) => (printed = `${printed}${chunk.toString()}`.slice(-2000)))
  const reads = () => /^\d+ \(\d+, \d+, 3\) \d+ ms old$/m.test(printed)
  await until('the program to show the frames that it reads', reads, { limitMs: 60000 }).catch((error: unknown) => {
    throw new Error(`${String(error)}; the program printed: ${printed}`)
  })
}

async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; (await focused(page)) !== name; i++) {
    if (i === 40) throw new Error(`Tab does not reach ${name}`)
    await page.keyboard.press('Tab')
  }
}

t.test('the page', { skip }, async (t) => {
  browser = await launchChromium(t)

  await t.test('is served with strict security headers and immutable assets', async (t) => {
    const gateway = await startGateway(t)
    const response = await fetch(`${gateway.base}/`)
    t.match(response.headers.get('content-type'), /^text\/html/)
    t.match(response.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'; style-src 'self'/)
    t.equal(response.headers.get('x-content-type-options'), 'nosniff')
    t.equal(response.headers.get('cache-control'), 'no-cache')
    const html = await response.text()
    const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!)
    t.ok(assets.length >= 3 && assets.every((path) => path.startsWith('./assets/')), assets.join(' '))
    for (const path of assets) {
      const asset = await fetch(new URL(path, `${gateway.base}/`))
      await asset.arrayBuffer()
      t.equal(asset.status, 200, path)
      t.match(asset.headers.get('cache-control'), /immutable/)
    }
    t.equal((await fetch(`${gateway.base}/assets/..%2Findex.html`)).status, 404)
    t.equal((await fetch(`${gateway.base}/assets/none.js`)).status, 404)
  })

  await t.test('offers neither Edit nor Stop for a camera of framegate.yaml', async (t) => {
    const file = join(temporaryFolder(t), 'framegate.yaml')
    writeFileSync(file, 'cameras:\n  yard:\n    rtsp: rtsp://127.0.0.1:1/stream\n')
    const gateway = await startGateway(t, { FRAMEGATE_CONFIG: file })
    await gateway.post('/cameras/start', { name: 'mine', rtsp: 'rtsp://127.0.0.1:2/stream' })
    const { page } = await open(t, gateway.base)
    await tile(page, 'mine').getByRole('button', { name: 'Edit mine' }).waitFor()
    const words = await tile(page, 'yard').getByRole('button').allInnerTexts()
    t.strictSame(
      words.filter((text) => text !== ''),
      ['Use'],
    )
    t.match(await tile(page, 'yard').innerText(), 'rtsp://127.0.0.1:1/stream (framegate.yaml)')
  })

  await t.test('adds, corrects, opens and stops a camera by keyboard alone', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t, { ...SMALL, user: 'admin', password: 'S3CRET' })
    const address = `127.0.0.1:${camera.port}/cam`
    const { page, errors } = await open(t, gateway.base)
    const { keyboard } = page
    const type = async (field: string, text: string) => {
      await tabTo(page, field)
      await keyboard.press('Control+A')
      await keyboard.type(text)
    }
    const openBy = async (button: string, first: string) => {
      await tabTo(page, button)
      await keyboard.press('Enter')
      await page.getByRole('dialog').waitFor()
      t.equal(await focused(page), first, `${button} puts the focus on ${first}`)
      t.same(await accessibilityProblems(page), [], button)
    }
    const close = async (opener: string) => {
      await keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      t.equal(await focused(page), opener, 'closing the dialog returns the focus')
    }
    const wrong = async (field: string, words: RegExp) => {
      await keyboard.press('Enter')
      const alert = page.getByRole('alert').filter({ hasText: words })
      await alert.waitFor()
      t.notMatch(await alert.innerText(), /got/, 'the value stands in the field')
      await until('the focus on the field', async () => (await focused(page)) === field)
    }

    await page.getByText('No cameras yet').waitFor()
    t.same(await accessibilityProblems(page), [], 'no camera')
    await openBy('Add your first camera', 'Name')
    await close('Add your first camera')
    await keyboard.press('Enter')
    await wrong('Name', /Enter a name/)
    await type('Name', 'not a name')
    await type('RTSP address', 'http://elsewhere/')
    await wrong('Name', /1 to 64 letters/)
    await type('Name', 'lobby-1')
    await wrong('RTSP address', /rtsp:\/\//)
    await type('RTSP address', `admin:S3CRET-wrong@${address}`)
    await type('Frames per second', 'many')
    await wrong('Frames per second', /from 0.1 to 120/)
    await type('Frames per second', '10')
    // The browser logs each response with status 400.
    const refusals = errors.splice(0)
    t.ok(
      refusals.every((text) => text.includes('status of 400')),
      refusals.join('\n'),
    )
    await keyboard.press('Enter')
    await tile(page, 'lobby-1').getByText('refused the user name or password').waitFor()
    t.equal(await focused(page), 'Add a camera', 'the button that opened the dialog is gone')
    await tile(page, 'lobby-1').getByText(`rtsp://***@${address}`).waitFor()

    await openBy('Edit lobby-1', 'RTSP address')
    await keyboard.type('admin:S3CRET') // Over the selected ***.
    await keyboard.press('Enter')
    await untilMoving(page, 'lobby-1')
    t.equal(await focused(page), 'Edit lobby-1')
    await keyboard.press('Enter')
    await type('Width', '160')
    await keyboard.press('Enter')
    await until('the other width', async () => {
      const { scale_width: width, state } = await gateway.camera('lobby-1')
      return width === 160 && state === 'live'
    })
    await untilMoving(page, 'lobby-1')
    await tile(page, 'lobby-1').getByText('live', { exact: true }).waitFor()
    t.match(await tile(page, 'lobby-1').innerText(), /320 × 180 · H\.264/)

    await openBy('Use lobby-1', 'Copy Python')
    const texts = await page.getByRole('dialog').locator('code').allInnerTexts()
    t.strictSame(texts.slice(1, 3), [`${gateway.base}/snapshot?cam=lobby-1`, `${gateway.base}/mjpeg?cam=lobby-1`])
    t.match(texts.slice(3).join(), /\/lobby-1\/whep,.*\/lobby-1\/index\.m3u8,rtsp:.*\/lobby-1$/)
    await close('Use lobby-1')
    await untilReading(t, texts[0]!)
    await tile(page, 'lobby-1').getByText('1 Python on this machine, 1 HTTP').waitFor()

    await openBy('Open lobby-1', 'Full screen')
    t.match(page.url(), /#lobby-1$/)
    const large = page.locator('.large-picture')
    await until('the large picture', () =>
      large.evaluate((element: any) =>
        [...element.querySelectorAll('video, img')].some(
          (picture: any) => (picture.videoWidth || picture.naturalWidth) > 0,
        ),
      ),
    )
    await keyboard.press('Enter')
    await until('full screen', () => large.evaluate((element: any) => element.matches(':fullscreen')))
    await keyboard.press('Escape')
    await until('no full screen', () => large.evaluate((element: any) => !element.matches(':fullscreen')))
    await close('Open lobby-1')

    await openBy('Stop lobby-1', 'Cancel')
    await tabTo(page, 'Stop')
    await keyboard.press('Enter')
    await tile(page, 'lobby-1').waitFor({ state: 'detached' })
    t.same((await gateway.get('/cameras')).body.cameras, [])
    await until('the focus on the stopped camera', async () => (await focused(page)) === 'Start again')
    t.same(await accessibilityProblems(page), [], 'a stopped camera')
    await keyboard.press('Enter')
    await untilMoving(page, 'lobby-1')
    t.equal(await focused(page), 'Open lobby-1')
    t.same(errors, [], 'the console has no errors')
  })

  await t.test('shows what a program on another machine needs', { skip: noNetwork }, async (t) => {
    const folder = temporaryFolder(t)
    const token = 'admin-'.padEnd(40, 'a')
    writeFileSync(join(folder, 'tokens'), `admin ${token}\n`, { mode: 0o600 })
    const env = { HTTP_HOST: '0.0.0.0', AUTH_TOKENS_FILE: join(folder, 'tokens') }
    const gateway = await Gateway.start({ stateFile: join(folder, 'cameras.json'), mediamtx: 'off', env })
    t.teardown(() => gateway.stop())
    const camera = await startCamera(t, SMALL)
    await fetch(`${gateway.base}/cameras/start`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ name: 'a', rtsp: camera.url }),
    })
    const base = gateway.base.replace('127.0.0.1', lanAddress!)
    const { page } = await open(t, base)
    await page.getByLabel('Token').fill(`admin  ${token}`)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await untilMoving(page, 'a')
    await tile(page, 'a').getByRole('button', { name: 'Use a' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/listens only on its own machine\. .* set ZMQ_BIND and keys/).waitFor()
    await dialog.getByText(/ticket .* for about an hour/).waitFor()
    t.same(await accessibilityProblems(page), [])
    const [program, shell, ...addresses] = await dialog.locator('code').allInnerTexts()
    t.match(program, `open_capture("a", gateway="${base}")`)
    t.equal(shell, 'export FRAMEGATE_TOKEN=...')
    for (const address of addresses.slice(0, 2)) {
      t.equal((await fetch(address, { signal: AbortSignal.timeout(60000) })).status, 200, address)
      const without = await fetch(address.replace(/&ticket=.*/, ''))
      t.equal(without.status, 401, 'without its ticket')
    }
    await untilReading(t, program!, { FRAMEGATE_TOKEN: token })
  })

  await t.test('reports a camera that goes away and dims its last picture', async (t) => {
    const gateway = await startGateway(t)
    const camera = await startCamera(t, SMALL)
    await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
    const { page } = await open(t, gateway.base)
    await untilMoving(page, 'a')
    await camera.stop()
    await until('the picture to be dimmed', () => isStale(page, 'a'))
    await tile(page, 'a')
      .getByText(/No new frame for/)
      .waitFor()
    const reason = (await until('a reason', async () => (await gateway.camera('a')).last_error?.message)) as string
    t.ok(reason.length > 0)
    await startCamera(t, { ...SMALL, port: camera.port })
    await until(
      'the picture to be fresh',
      async () => (await tile(page, 'a').getAttribute('data-picture')) === 'fresh',
      { limitMs: 30000 },
    )
  })

  await t.test('shows twelve moving cameras at once, and what is wrong with some', async (t) => {
    const gateway = await startGateway(t)
    const names = Array.from({ length: 12 }, (_, i) => `cam-${i + 1}`)
    const cameras = await Promise.all(names.map(() => startCamera(t, SMALL)))
    for (const [i, name] of names.entries())
      await gateway.post('/cameras/start', { name, rtsp: cameras[i]!.url, pub_fps: 5, scale_width: 320 })
    const { page, errors } = await open(t, gateway.base, { width: 1280, height: 1400 })
    for (const name of names) await untilMoving(page, name)
    await pause(5000)
    for (const name of names) {
      await untilMoving(page, name)
      await until(`a fresh picture of ${name}`, async () => !(await isStale(page, name)))
    }
    t.same(errors, [], 'the console has no errors')

    // One has been live, one never was, one is stopped.
    await cameras[0]!.stop()
    await gateway.post('/cameras/start', { name: 'cam-2', rtsp: 'rtsp://127.0.0.1:9/nothing', replace: true })
    await tile(page, 'cam-3').getByRole('button', { name: 'Stop cam-3' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('button', { name: 'Start again' }).waitFor()
    for (const name of ['cam-1', 'cam-2']) await tile(page, name).getByText('retrying', { exact: true }).waitFor()
    t.same(await accessibilityProblems(page), [], 'cameras in several states')
  })

  await t.test('fits the width of a phone', async (t) => {
    const gateway = await startGateway(t)
    const name = 'a-name-as-long-as-names-may-be-'.padEnd(64, 'x')
    await gateway.post('/cameras/start', { name, rtsp: 'rtsp://127.0.0.1:9/nothing' })
    const { page } = await open(t, gateway.base, { width: 360, height: 740 })
    await tile(page, name).waitFor()
    const overflow = () => page.evaluate<number>('document.scrollingElement.scrollWidth - innerWidth')
    t.equal(await overflow(), 0, 'the grid')
    await tile(page, name).getByRole('button', { name: 'Open' }).click()
    await page.getByRole('dialog').waitFor()
    t.equal(await overflow(), 0, 'one camera')
    t.equal(
      await page.locator('dialog').evaluate((element: any) => element.scrollWidth - element.clientWidth),
      0,
      'its dialog',
    )
    await page.goBack()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Add a camera' }).click()
    t.equal(await overflow(), 0, 'the form')
  })

  await t.test('reports a gateway that is gone', async (t) => {
    const gateway = await startGateway(t)
    await gateway.post('/cameras/start', { name: 'a', rtsp: (await startCamera(t, SMALL)).url })
    const { page } = await open(t, gateway.base)
    await untilMoving(page, 'a')
    gateway.kill('SIGKILL')
    await page.getByRole('alert').filter({ hasText: 'Cannot reach the gateway' }).waitFor()
    await until('the picture to be dimmed', () => isStale(page, 'a'))
    await tile(page, 'a').getByText('unknown', { exact: true }).waitFor()
    t.same(await tile(page, 'a').locator('dd').allInnerTexts(), ['–', '–', '–'], 'no figure of the past')
    t.same(await accessibilityProblems(page), [])
  })
})
