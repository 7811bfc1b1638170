// The example responses in docs/http-api.md match the schemas of the gateway.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cameraListAnswer, errorAnswer, healthAnswer } from '../../src/http/answers.js'
import { cameraEventsAnswer, settingsAnswer } from '../../src/http/operator-answers.js'
import { ROOT } from '../helpers/paths.js'

const page = readFileSync(join(ROOT, 'docs/http-api.md'), 'utf8')
const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)]
  .map(([, text]) => text!)
  .filter((text) => !text.includes('...'))
const examples = blocks.map((text) => JSON.parse(text) as unknown)

t.test('each example matches its schema', async (t) => {
  for (const schema of [cameraListAnswer, cameraEventsAnswer, settingsAnswer, healthAnswer, errorAnswer]) {
    const fits = examples.filter((example) => schema.strict().safeParse(example).success)
    t.equal(fits.length, 1, `one example fits ${schema.description ?? Object.keys(schema.shape).join(', ')}`)
  }
  t.equal(examples.length, 5)
})
