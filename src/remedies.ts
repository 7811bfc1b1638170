// What to run if a part of the gateway is missing: in a checkout the set-up, in the npm package something else. Pure,
// except for `here`.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LEAST_VERSION } from './mediamtx/binary.js'

type Part = 'addon' | 'elements' | 'libraries' | 'test camera' | 'MediaMTX'
type Place = 'checkout' | 'package'

const ELEMENTS = 'gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav'
// The release that the set-up of a checkout installs.
const MEDIAMTX = `mediamtx_v${LEAST_VERSION}_linux_${process.arch === 'x64' ? 'amd64' : process.arch}.tar.gz`

const IN_PACKAGE: Record<Part, string> = {
  addon:
    'run "sudo apt-get install build-essential pkg-config python3 libgstreamer-plugins-base1.0-dev libyuv-dev libturbojpeg0-dev" (Debian, Ubuntu), then "npm rebuild framegate --build-from-source"',
  elements: `run "sudo apt-get install ${ELEMENTS}" (Debian, Ubuntu)`,
  libraries: `run "sudo apt-get install libyuv0 libturbojpeg0 ${ELEMENTS}" (Debian; Ubuntu calls libturbojpeg0 libturbojpeg)`,
  'test camera': 'only a checkout of the repository has it',
  MediaMTX: `run "curl -fL https://github.com/bluenviron/mediamtx/releases/download/v${LEAST_VERSION}/${MEDIAMTX} | sudo tar -xz -C /usr/local/bin mediamtx", or set MEDIAMTX_BIN`,
}

const here: Place = existsSync(fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url)))
  ? 'checkout'
  : 'package'

/** Completes "...; REMEDY". */
export function remedy(missing: Part, place: Place = here): string {
  return place === 'checkout' ? 'run "npm run setup" to install what is missing' : IN_PACKAGE[missing]
}
