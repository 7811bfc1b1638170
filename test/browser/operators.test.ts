// What the page shows to operators: the events of a camera, its counters, and the settings.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { accessibilityProblems } from '../helpers/accessibility.js'
import { launchChromium, noBrowser, startCamera, startGateway } from '../helpers/browser.js'
import { ROOT } from '../helpers/paths.js'

const skip = noBrowser || (existsSync(join(ROOT, 'dist/page/index.html')) ? false : 'the page is not built')

t.test('the page has events, counters and settings', { skip }, async (t) => {
  const browser = await launchChromium(t)
  const gateway = await startGateway(t, { LOG_LEVEL: 'debug' })
  const camera = await startCamera(t, { width: 320, height: 180, fps: 10, gop: 10, 'bitrate-kbps': 300 })
  await gateway.post('/cameras/start', { name: 'a', rtsp: camera.url })
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } })
  t.teardown(() => page.close())
  page.setDefaultTimeout(60000)
  const overflow = () => page.locator('dialog').evaluate((element: any) => element.scrollWidth - element.clientWidth)

  await page.goto(`${gateway.base}/#a`)
  const events = page.locator('.events')
  await events.getByText('Live', { exact: true }).waitFor()
  await events.getByText(/^Started by .* at 127\.0\.0\.1/).waitFor()
  await page.getByText(/ % of a core/).waitFor()
  t.same(await accessibilityProblems(page), [], 'one camera')
  t.equal(await overflow(), 0, 'one camera on a phone')
  await camera.stop()
  await events.getByText(/^Lost: /).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })

  const settings = page.getByRole('button', { name: 'Settings' })
  await settings.focus()
  await page.keyboard.press('Enter')
  const level = page.locator('.settings > div', { hasText: 'log_level' })
  await level.getByText('environment, LOG_LEVEL').waitFor()
  t.match(await level.innerText(), /debug/)
  t.same(await accessibilityProblems(page), [], 'the settings')
  t.equal(await overflow(), 0, 'the settings on a phone')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  t.ok(await settings.evaluate((element: any) => element.matches(':focus')), 'closing returns the focus')
})
