// What to run if a part of the gateway is missing: in a checkout the set-up, in the npm package something else. Pure,
// except for `here`.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

type Part = 'addon' | 'elements' | 'test camera' | 'MediaMTX'
type Place = 'checkout' | 'package'

const IN_PACKAGE: Record<Part, string> = {
  addon:
    'run "sudo apt-get install build-essential pkg-config python3 libgstreamer-plugins-base1.0-dev libyuv-dev libturbojpeg0-dev" (Debian, Ubuntu), then "npm rebuild framegate"',
  elements:
    'run "sudo apt-get install gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav" (Debian, Ubuntu)',
  'test camera': 'only a checkout of the repository has it',
  MediaMTX: 'unpack it from https://github.com/bluenviron/mediamtx/releases onto PATH, or set MEDIAMTX_BIN',
}

const here: Place = existsSync(fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url)))
  ? 'checkout'
  : 'package'

/** Completes "...; REMEDY". */
export function remedy(missing: Part, place: Place = here): string {
  return place === 'checkout' ? 'run "npm run setup" to install what is missing' : IN_PACKAGE[missing]
}
