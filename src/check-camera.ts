// `framegated check-camera`: connects to one camera, waits for its first frame, and says what it sends or why it does not.

import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { CAMERA_NAME, cameraSettings, type CameraSettings } from './camera-settings.js'
import { Camera } from './cameras/camera.js'
import { CameraHosts } from './cameras/camera-hosts.js'
import type { CommandLine } from './config.js'
import { CAMERA_ERRORS } from './error-codes.js'
import type { ErrorInfo } from './error-codes/error-list.js'
import { ConfigError } from './errors.js'
import { FrameHub } from './frames/frame-hub.js'
import { MediaRelay } from './mediamtx/relay.js'
import { loadNative } from './native.js'
import { redact } from './redact.js'
import { shown } from './validate.js'

const FIRST_FRAME_LIMIT_MS = 30000
// After the first frame, for the rate and the distance of key frames.
const WATCH_MS = 3000
const EVERY_MS = 50
const LOGIN_ADVICE = [
  "Check both in the camera's own web page: many cameras have a user of their own for RTSP.",
  'Each wrong attempt brings the camera closer to locking the account.',
]
const silent = { info: quiet, warn: quiet, error: quiet, debug: quiet }

/**
 * Makes one connection to the camera at a time.
 * @param write takes text for standard output; never contains a password.
 * @returns whether a frame came.
 * @throws ConfigError if there is no such camera.
 */
export async function checkCamera(line: CommandLine, version: string, write: (text: string) => void): Promise<boolean> {
  const settings = await cameraOf(line)
  const relay = new MediaRelay(
    { ...line.config, mediamtx: 'off' },
    { configFile: fileURLToPath(new URL('../../mediamtx.yaml', import.meta.url)), env: process.env, logger: silent },
  )
  const frames = new FrameHub()
  const camera = new Camera(settings, {
    native: await loadNative(),
    lane: null,
    relay,
    hosts: new CameraHosts(line.config.cameraHosts),
    frames,
    logger: silent,
    userAgent: `Framegate/${version}`,
  })
  write(redact(`${settings.rtsp}\n`)) // At once: the rest may take a while.
  const beganMs = performance.now()
  let frameMs: number | null = null
  const off = frames.read(settings.name, () => (frameMs ??= performance.now()))
  camera.begin()
  // Another transport is tried at once.
  const failed = () => camera.lastError !== null && camera.lastError.code !== 'ERR_SOURCE_TRANSPORT'
  await until(() => frameMs !== null || failed(), FIRST_FRAME_LIMIT_MS)
  if (frameMs !== null) await until(failed, WATCH_MS)
  const result = frameMs === null ? failure(camera) : description(camera, frameMs - beganMs)
  off()
  await camera.stop()
  write(redact(`${result}\n`))
  return frameMs !== null
}

async function cameraOf({ camera, cameras, file }: CommandLine): Promise<CameraSettings> {
  const wanted = camera === '-' ? (await text(process.stdin)).trim() : (camera ?? '')
  const known = cameras.find(({ name }) => name === wanted)
  if (known) return known
  if (CAMERA_NAME.test(wanted))
    throw new ConfigError(`check-camera: no camera "${wanted}"${file ? ` in ${file}` : ': there is no framegate.yaml'}`)
  const parsed = cameraSettings.safeParse({ name: 'camera', rtsp: wanted })
  if (parsed.success) return parsed.data
  const problem = parsed.error.issues.find(({ path }) => path[0] === 'rtsp')?.message
  throw new ConfigError(`check-camera: ${problem ?? 'expected an address'}; got ${shown(wanted)}`)
}

function failure({ lastError, stream }: Camera): string {
  if (lastError === null) {
    const found =
      stream === null ? 'does not say what it sends' : `announces ${stream.codec}, but sends no whole picture`
    return `no video     no frame came within ${FIRST_FRAME_LIMIT_MS / 1000} s: the camera ${found}`
  }
  const { code, message } = lastError
  return [`no video     ${message} (${code})`, ...adviceFor(code).map((line) => `             ${line}`)].join('\n')
}

/** What the list of codes advises, without what a running gateway does about the error. */
function adviceFor(code: string): string[] {
  if (code === 'ERR_SOURCE_UNAUTHORIZED') return LOGIN_ADVICE
  const info = (CAMERA_ERRORS as Partial<Record<string, ErrorInfo>>)[code]
  const [, ...advice] = info?.sentence.replaceAll('`', '').split(/(?<=\.) (?=[A-Z])/) ?? []
  return advice.filter((sentence) => !/\bgateway (?:re|tries)|^It waits/.test(sentence))
}

function description(camera: Camera, firstFrameMs: number): string {
  const { width, height, gopLength, bFrames } = camera.videoFormat()
  const parts = [
    camera.stream?.codec,
    width !== null && `${width}x${height}`,
    `${camera.stats().fps.toFixed(1)} fps`,
    gopLength !== null && `a key frame every ${gopLength} frames`,
    bFrames === true && 'B-frames',
  ]
  return [
    `video        ${parts.filter(Boolean).join(', ')}`,
    `audio        ${camera.stream?.audio ? 'yes' : 'no'}`,
    `transport    ${camera.transport}`,
    `first frame  after ${(firstFrameMs / 1000).toFixed(1)} s`,
  ].join('\n')
}

async function until(condition: () => boolean, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!condition() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
}

function quiet(): void {
  // This command reports in its own words.
}
