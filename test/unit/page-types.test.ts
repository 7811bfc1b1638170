// The compiler checks the page's types of the gateway's JSON against the gateway's own types.

import t from 'tap'
import type { z } from 'zod'
import type {
  Camera,
  CameraEvent,
  SettingsAnswer,
  StartAnswer,
  StartRequest,
} from '../../clients/react/page/api-types.js'
import type { startRequestJson } from '../../src/camera-settings.js'
import type { CameraAnswer, startAnswer } from '../../src/http/answers.js'
import type * as operators from '../../src/http/operator-answers.js'

/** Every key that the page requires is one of the gateway's, of a type that the page can take. */
function pageTakes(camera: CameraAnswer): Camera {
  return camera
}

function pageTakesEvent(event: operators.CameraEventAnswer): CameraEvent {
  return event
}

function pageTakesSettings(settings: operators.SettingsAnswer): SettingsAnswer {
  return settings
}

function pageTakesStart(answer: z.output<typeof startAnswer>): StartAnswer {
  return answer
}

/** Every key that the page sends is one of the gateway's. */
function gatewayTakes(request: StartRequest): z.input<typeof startRequestJson> {
  return request
}
type Unknown = Exclude<keyof StartRequest, keyof z.input<typeof startRequestJson>>
const allKnown: [Unknown] extends [never] ? true : false = true

t.test("the page's types match the gateway's", async (t) => {
  t.type(pageTakes, 'function')
  t.type(pageTakesStart, 'function')
  t.type(pageTakesEvent, 'function')
  t.type(pageTakesSettings, 'function')
  t.type(gatewayTakes, 'function')
  t.ok(allKnown)
})
