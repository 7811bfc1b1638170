// axe-core's rules on a page as it is now, in light and dark, on a desktop and on a phone.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { ROOT } from './paths.js'

const AXE = join(ROOT, 'node_modules/axe-core/axe.min.js')
const DESKTOP = { width: 1280, height: 860 }
const PHONE = { width: 390, height: 844 }

/** @returns a line for each rule that an element breaks. The page is as large as before afterwards. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(readFileSync(AXE, 'utf8'))
  const before = page.viewportSize()
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const size of [DESKTOP, PHONE]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize(size)
      const problems = await page.evaluate<string[]>(
        `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
          violations.map(({ id, help, nodes }) => id + ': ' + help + ': ' + nodes.map(({ html }) => html).join(' ')))`,
      )
      found.push(...problems.map((problem) => `${colorScheme}, ${size.width} px: ${problem}`))
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
  if (before) await page.setViewportSize(before)
  return found
}
