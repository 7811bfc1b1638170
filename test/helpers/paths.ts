// Where things are, seen from dist/test/helpers.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBinary } from '../../src/mediamtx/binary.js'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
export const MAIN = join(ROOT, 'dist/src/main.js')
export const TEST_CAMERA = join(ROOT, 'build/Release/test-camera')
/** The set-up's own environment with pyzmq, numpy and OpenCV. */
export const PYTHON = process.env.FRAMEGATE_TEST_PYTHON ?? join(ROOT, '.venv/bin/python')

/** Real footage, where it is. */
export const FOOTAGE = [join(ROOT, '../shared/media/car-detection.mp4')].find((path) => existsSync(path))

const found = await findBinary(process.env.MEDIAMTX_BIN || undefined, process.env)

/** The MediaMTX that the gateway would start; undefined if there is none. */
export const MEDIAMTX = typeof found === 'string' ? undefined : found.path

/** Why a test of MediaMTX is left out; false: it runs. */
export const NO_MEDIAMTX: string | false = MEDIAMTX ? false : 'MediaMTX is not on this machine and could not be got'

/** A folder that the test removes. */
export function temporaryFolder(test: { teardown(run: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-test-'))
  test.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
