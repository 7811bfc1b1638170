// Downloads an archive, checks its SHA-256 and extracts MediaMTX's binary.

import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.mjs'

const MAX_REDIRECTS = 5

/**
 * Downloads a file and checks its SHA-256. If either fails, removes the file. curl takes the proxy from the environment.
 *
 * @param options.limits {connectMs, stallMs}: the longest time to connect, default 10000, and the longest time without
 *   data, default 30000, in whole seconds; curl notices a stall up to 5 s later.
 * @param options.onProgress receives a fraction, 0 to 1.
 * @throws {Error} with the URL and the reason.
 */
export async function download({ url, file, sha256, env = process.env, limits = {}, onProgress = () => undefined }) {
  const { connectMs = 10000, stallMs = 30000 } = limits
  // --proto also covers redirects: https must not redirect to http.
  const protocols = url.startsWith('https:') ? '=https' : '=http,https'
  const args = [
    ...['--fail', '--location', '--max-redirs', String(MAX_REDIRECTS), '--proto', protocols],
    ...['--connect-timeout', String(connectMs / 1000)],
    ...['--speed-limit', '1', '--speed-time', String(Math.ceil(stallMs / 1000))],
    ...['--progress-bar', '--show-error', '--output', file, url],
  ]
  try {
    let error = ''
    const onLine = (line) => {
      const percent = /(\d+\.\d)%\s*$/.exec(line)?.[1]
      if (percent !== undefined) onProgress(Number(percent) / 100)
      error = /curl: (.*)/.exec(line)?.[1] ?? error // curl may print it after the progress bar, on the same line.
      return true
    }
    const { code, missing } = await run('curl', args, { env, onLine })
    if (missing) throw new Error('curl is not installed')
    if (code !== 0) throw new Error(error || `curl exited with status ${code}`)
    const got = createHash('sha256').update(readFileSync(file)).digest('hex')
    if (got !== sha256) throw new Error(`the SHA-256 is ${got}, expected ${sha256}; the file was removed`)
  } catch (error) {
    rmSync(file, { force: true })
    throw new Error(`${url}: ${error.message}`, { cause: error })
  }
}

/** @returns the path of the binary in `folder`, executable. */
export async function extractBinary(archive, folder) {
  const { code, tail } = await run('tar', ['-xzf', archive, '-C', folder, '--no-same-owner', 'mediamtx'])
  if (code !== 0) throw new Error(`could not unpack the archive: ${tail}`)
  const binary = join(folder, 'mediamtx')
  chmodSync(binary, 0o755)
  return binary
}
