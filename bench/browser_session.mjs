// A person's session with the gateway's page in Chromium, for bench/planted_password.py.
//
//   node bench/browser_session.mjs BASE < ADDRESSES        # in JSON, each with a password
//
// Each address is typed into the form and saved. Prints one JSON object per line, {kind, where, text}: requests (without the body of
// the start, which is what the person typed), responses, the console, the document, and what the page stores.

import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const base = process.argv[2]
const addresses = JSON.parse(readFileSync(0, 'utf8'))
const print = (kind, where, text) => process.stdout.write(`${JSON.stringify({ kind, where, text })}\n`)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage()
const bodies = []

page.on('console', (message) => print('browser console', message.type(), message.text()))
page.on('pageerror', (error) => print('browser console', 'error', `${error.message}\n${error.stack}`))
page.on('request', (request) => {
  const typed = request.method() === 'POST' && request.url().endsWith('/cameras/start')
  const body = typed ? '' : (request.postData() ?? '')
  print(
    'browser request',
    request.url(),
    `${request.method()} ${request.url()} ${JSON.stringify(request.headers())} ${body}`,
  )
})
page.on('response', (response) => {
  const endless = /\/(frames|mjpeg)\?/.test(response.url())
  const body = endless ? Promise.resolve('') : response.text().catch(() => '')
  bodies.push(
    body.then((text) =>
      print('browser response', response.url(), `${JSON.stringify(response.headers())} ${text.slice(0, 200_000)}`),
    ),
  )
})

/** The document without what the person typed into the form, and everything that the page stores. */
async function look(where) {
  const seen = await page.evaluate(`(async () => {
    const databases = await indexedDB.databases?.()
    const caches_ = await caches?.keys?.().catch(() => [])
    const shown = document.documentElement.cloneNode(true)
    for (const input of shown.querySelectorAll('input')) input.removeAttribute('value')
    return {
      document: shown.outerHTML,
      stored: JSON.stringify([location.href, document.title, document.cookie, { ...localStorage }, { ...sessionStorage },
        history.state, databases, caches_, performance.getEntries().map(({ name }) => name)]),
      values: [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join('\\n'),
    }
  })()`)
  print('browser document', where, seen.document)
  print('browser storage', where, seen.stored)
  return seen.values
}

const form = page.getByRole('dialog')
await page.goto(`${base}/`)
await page.getByRole('button', { name: 'Add a camera' }).first().waitFor()
for (const [i, address] of addresses.entries()) {
  await page.getByRole('button', { name: 'Add a camera' }).first().click()
  await form.waitFor()
  await form.getByLabel('Name').fill(`typed-${i}`)
  await form.locator('#camera-rtsp').fill(address)
  await form.locator('button[type=submit]').click()
  // The answer is an error in the form, or the form closes.
  await Promise.race([form.waitFor({ state: 'detached' }), form.getByRole('alert').first().waitFor()]).catch(() => {})
  await look(`after the start of address ${i}`)
  if (await form.isVisible()) await page.keyboard.press('Escape')
  await form.waitFor({ state: 'detached' })
  print('browser form', `closed, address ${i}`, await look(`after the form was closed, address ${i}`))
}
for (const name of await page.locator('[data-camera-tile]').evaluateAll((tiles) => tiles.map((t) => t.dataset.tile))) {
  await page.getByRole('button', { name: `Open ${name}`, exact: true }).click()
  await form.waitFor()
  await look(`camera ${name}`)
  await page.keyboard.press('Escape')
  await form.waitFor({ state: 'detached' })
  const edit = page.getByRole('button', { name: `Edit ${name}`, exact: true })
  if (!(await edit.isVisible())) continue
  await edit.click()
  await form.waitFor()
  print('browser form', `edit ${name}`, await look(`edit ${name}`))
  await page.keyboard.press('Escape')
  await form.waitFor({ state: 'detached' })
}
await page.reload()
await page.getByRole('button', { name: 'Add a camera' }).first().waitFor()
await look('after a reload')
await Promise.race([Promise.all(bodies), new Promise((resolve) => setTimeout(resolve, 5000))])
await browser.close()
