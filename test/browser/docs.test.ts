// The API reference at /docs in a real Chromium.

import { join } from 'node:path'
import t from 'tap'
import { launchChromium, noBrowser } from '../helpers/browser.js'
import { Gateway } from '../helpers/gateway.js'
import { temporaryFolder } from '../helpers/paths.js'

t.test('/docs shows every operation and sends no request to another host', { skip: noBrowser }, async (t) => {
  const gateway = await Gateway.start({ stateFile: join(temporaryFolder(t), 'cameras.json'), mediamtx: 'off' })
  t.teardown(() => gateway.stop())
  const browser = await launchChromium(t)
  const page = await browser.newPage()
  const errors: string[] = []
  const requests: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(`${gateway.base}/docs`)

  const { paths } = (await gateway.get('/openapi.json')).body
  for (const [path, methods] of Object.entries<object>(paths)) {
    for (const method of Object.keys(methods)) {
      const operation = page.locator('.opblock-summary', {
        has: page.locator('.opblock-summary-method', { hasText: new RegExp(`^${method}$`, 'i') }),
      })
      await operation.locator(`[data-path="${path}"]`).waitFor({ timeout: 20000 })
    }
  }
  // "Try it out" shows this gateway's own response.
  await page.locator('#operations-Gateway-getHealth button.opblock-summary-control').click()
  await page.locator('#operations-Gateway-getHealth button.try-out__btn').click()
  await page.locator('#operations-Gateway-getHealth button.execute').click()
  await page.locator('#operations-Gateway-getHealth .live-responses-table', { hasText: 'uptime_s' }).waitFor()

  const origin = new URL(gateway.base).origin
  t.ok(requests.length >= 5, requests.join())
  t.strictSame(
    requests.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:')),
    [],
  )
  t.strictSame(errors, [])
})
