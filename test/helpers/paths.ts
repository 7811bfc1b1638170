// Paths in the checkout. This file runs from dist/test/helpers.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBinary } from '../../src/mediamtx/binary.js'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
export const MAIN = join(ROOT, 'dist/src/main.js')
export const TEST_CAMERA = join(ROOT, 'build/Release/test-camera')
/** The Python environment that the setup creates, with pyzmq, numpy and OpenCV. */
export const PYTHON = process.env.FRAMEGATE_TEST_PYTHON ?? join(ROOT, '.venv/bin/python')

/** Real footage; undefined if it is not there. */
export const FOOTAGE = [join(ROOT, '../shared/media/car-detection.mp4')].find((path) => existsSync(path))

const found = await findBinary(process.env.MEDIAMTX_BIN || undefined, process.env)

/** The MediaMTX that the gateway would start; undefined if there is none. */
export const MEDIAMTX = typeof found === 'string' ? undefined : found.path

/** Why tests with MediaMTX are skipped; false if they run. */
export const NO_MEDIAMTX: string | false = MEDIAMTX ? false : 'MediaMTX is not installed'

/** Creates a folder that is removed when the test ends. */
export function temporaryFolder(test: { teardown(run: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-test-'))
  test.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
