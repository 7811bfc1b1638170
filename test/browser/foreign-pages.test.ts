// Pages of other origins, and names rebound to the gateway's address, in a real Chromium. Then the page's own sign-in.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t from 'tap'
import { accessibilityProblems } from '../helpers/accessibility.js'
import { launchChromium, noPlayer, startCamera, startGateway } from '../helpers/browser.js'
import { temporaryFolder } from '../helpers/paths.js'
import { serve } from '../helpers/serve.js'

const RULES = '--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1'

/** What a script in the page gets: the status and body of an answer that it can read, else null. */
function ask(page: Page, url: string, options: object = {}): Promise<{ status: number; text: string } | null> {
  return page.evaluate(
    `fetch(${JSON.stringify(url)}, { ...${JSON.stringify(options)}, signal: AbortSignal.timeout(5000) }).then(
      async (r) => ({ status: r.status, text: r.body ? new TextDecoder().decode((await r.body.getReader().read()).value) : '' }), () => null)`,
  )
}

/** Whether the page can show the address as a picture. */
function shows(page: Page, url: string): Promise<boolean> {
  return page.evaluate(`new Promise((resolve) => {
    const image = new Image()
    image.onload = () => resolve(true)
    image.onerror = () => resolve(false)
    setTimeout(() => resolve(false), 5000)
    image.src = ${JSON.stringify(url)}
  })`)
}

const post = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'text/plain' },
  body: JSON.stringify(body),
})
// With credentials, the browser would ask the person for a password.
const offer = { method: 'POST', credentials: 'omit', headers: { 'content-type': 'application/sdp' }, body: 'v=0' }

t.test('a page of another origin, and a rebound name', { skip: noPlayer }, async (t) => {
  const gateway = await startGateway(t)
  const camera = await startCamera(t)
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  await gateway.untilState('a', 'live')
  // Other browsers have no such checks of their own.
  const browser = await launchChromium(t, [RULES, '--disable-features=LocalNetworkAccessChecks'])
  const evil = new URL(
    await serve(t, (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('evil')),
  )
  const { hls, webrtc_whep: whep } = await gateway.camera('a')

  const unchanged = async () => {
    t.same(
      (await gateway.get('/cameras')).body.cameras.map(({ name }: any) => name),
      ['a'],
    )
    await gateway.untilState('a', 'live')
  }

  await t.test('another origin reads, shows and changes nothing', async (t) => {
    const page = await browser.newPage()
    await page.goto(`http://evil.example:${evil.port}/`)
    for (const path of ['/cameras', '/cameras/a', '/snapshot?cam=a', '/mjpeg?cam=a', '/frames?cam=a', '/health', '/']) {
      t.equal(await ask(page, gateway.base + path), null, path)
      const hidden = await ask(page, gateway.base + path, { mode: 'no-cors' })
      t.notOk(hidden?.text, `${path} without CORS`)
    }
    for (const path of ['/snapshot?cam=a', '/mjpeg?cam=a']) t.notOk(await shows(page, gateway.base + path), path)
    for (const mode of ['cors', 'no-cors']) {
      await ask(page, `${gateway.base}/cameras/stop`, { ...post({ name: 'a' }), mode })
      await ask(page, `${gateway.base}/cameras/start`, { ...post({ name: 'b', rtsp: camera.url }), mode })
    }
    t.notMatch((await ask(page, hls))?.text ?? '', /EXTM3U/, 'HLS')
    t.not((await ask(page, whep, offer))?.status, 400, 'WHEP does not get as far as the offer')
    await unchanged()
  })

  await t.test('a rebound name reads, shows and changes nothing', async (t) => {
    // The attacker's page came from the same host name and port before the name was rebound.
    const rebound = async (address: string) => {
      const page = await browser.newPage()
      const { port } = new URL(address)
      await page.route(`http://rebound.example:${port}/`, (route) =>
        route.fulfill({ contentType: 'text/html', body: 'x' }),
      )
      await page.goto(`http://rebound.example:${port}/`)
      return page
    }
    const page = await rebound(gateway.base)
    for (const path of ['/cameras', '/cameras/a', '/snapshot?cam=a', '/mjpeg?cam=a', '/frames?cam=a', '/health'])
      t.match(await ask(page, path), { status: 421 }, path)
    t.notOk(await shows(page, '/snapshot?cam=a'))
    t.match(await ask(page, '/cameras/stop', post({ name: 'a' })), { status: 421 })
    t.match(await ask(page, '/cameras/start', post({ name: 'b', rtsp: camera.url })), { status: 421 })
    t.match(await ask(await rebound(hls), new URL(hls).pathname, { credentials: 'omit' }), { status: 403 }, 'HLS')
    t.match(await ask(await rebound(whep), new URL(whep).pathname, offer), { status: 403 }, 'WHEP')
    await unchanged()
  })
})

t.test('the page asks for a token, and plays with it', { skip: noPlayer }, async (t) => {
  const tokens = join(temporaryFolder(t), 'tokens')
  const [viewer, admin] = ['v'.repeat(32), 'a'.repeat(32)]
  writeFileSync(tokens, `viewer ${viewer}\nadmin ${admin}\n`, { mode: 0o600 })
  const gateway = await startGateway(t, { AUTH_TOKENS_FILE: tokens })
  const camera = await startCamera(t)
  await fetch(`${gateway.base}/cameras/start`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}` },
    body: JSON.stringify({ name: 'a', rtsp: camera.url }),
  })
  const page = await (await launchChromium(t)).newPage()
  await page.goto(gateway.base)
  const signIn = async (token: string) => {
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await signIn('wrong')
  await page.getByRole('alert').getByText('does not know this token').waitFor()
  t.same(await accessibilityProblems(page), [])
  await signIn(viewer)
  await page.locator('[data-camera-tile="a"][data-picture="fresh"]').waitFor()
  t.same(
    await page.getByRole('button').evaluateAll((buttons: any[]) => buttons.map((b) => b.ariaLabel ?? b.innerText)),
    ['Sign out', 'Open a', 'Use a'],
    'a viewer adds, edits and stops none',
  )
  await page.goto(`${gateway.base}/#a`)
  await page.goto(`${gateway.base}/`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Token').waitFor()
  await signIn(admin)
  await page.getByRole('button', { name: 'Add a camera' }).waitFor()
  await page.locator('[data-camera-tile="a"] button').first().click()
  await page.locator('[data-framegate-state="live"][data-framegate-way="webrtc"]').waitFor()
})
