// Downloads an archive, checks its SHA-256 and takes MediaMTX's binary out of it.

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { chmod, rm } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { bytes } from './progress.mjs'
import { run, which } from './run.mjs'

const LIMITS = { connectMs: 10000, stallMs: 30000 }
const MAX_REDIRECTS = 5

/**
 * Resolves when the file is there whole and is the right one; else it is removed.
 *
 * @param options.limits.connectMs until there is a connection; options.limits.stallMs without a byte.
 * @param options.onProgress is given a text and a fraction (null where the length is not told).
 * @throws {Error} in words for people.
 */
export async function download({ url, file, sha256, env = process.env, limits, onProgress = () => undefined }) {
  const allowed = { ...LIMITS, ...limits }
  try {
    // Node's own client does not know proxies.
    if (proxyFor(url, env) === null) await fetchTo(url, file, allowed, onProgress, MAX_REDIRECTS)
    else await curlTo(url, file, allowed, onProgress, env)
    const hash = createHash('sha256')
    await pipeline(createReadStream(file), hash)
    const got = hash.digest('hex')
    if (got !== sha256)
      throw new Error(`its SHA-256 is ${got} and not ${sha256}: it is not what it should be, and was thrown away`)
  } catch (error) {
    await rm(file, { force: true })
    throw new Error(`${url}: ${reasonOf(error)}`, { cause: error })
  }
}

/** The proxy that a client would use by the environment; null for none. NO_PROXY is curl's to judge. */
export function proxyFor(url, env) {
  const scheme = new URL(url).protocol === 'https:' ? 'https' : 'http'
  return (
    [`${scheme}_proxy`, ...(scheme === 'https' ? ['HTTPS_PROXY'] : []), 'all_proxy', 'ALL_PROXY']
      .map((name) => env[name])
      .find(Boolean) ?? null
  )
}

function reasonOf(error) {
  const said = {
    ENOTFOUND: 'unknown host',
    EAI_AGAIN: 'unknown host (no network?)',
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection lost',
  }
  return said[error.code] ?? error.message
}

function fetchTo(url, file, limits, onProgress, redirects) {
  return new Promise((resolve, reject) => {
    let timer = null
    const within = (ms, what) => {
      clearTimeout(timer)
      timer = setTimeout(() => request.destroy(new Error(`${what} for ${ms / 1000} s`)), ms)
    }
    const settle = (end) => (value) => {
      clearTimeout(timer)
      end(value)
    }
    const fail = settle(reject)
    const client = url.startsWith('https:') ? https : http
    const request = client.get(url, { agent: false, headers: { 'user-agent': 'framegate-setup' } }, (response) => {
      const { statusCode, headers } = response
      if (statusCode >= 300 && statusCode < 400 && headers.location) {
        response.destroy()
        const next = new URL(headers.location, url).href
        if (redirects === 0) fail(new Error('too many redirects'))
        else if (url.startsWith('https:') && !next.startsWith('https:'))
          fail(new Error(`it leads to ${next}, which is not encrypted`))
        else settle(resolve)(fetchTo(next, file, limits, onProgress, redirects - 1))
        return
      }
      if (statusCode !== 200) {
        response.destroy()
        fail(new Error(`the server answers ${statusCode}`))
        return
      }
      const total = Number(headers['content-length']) || null
      let count = 0
      response.on('data', (chunk) => {
        within(limits.stallMs, 'nothing came')
        count += chunk.length
        onProgress(
          total === null ? bytes(count) : `${bytes(count)} of ${bytes(total)}`,
          total === null ? null : count / total,
        )
      })
      pipeline(response, createWriteStream(file)).then(
        () => {
          if (total !== null && count !== total) fail(new Error(`it broke off after ${count} of ${total} bytes`))
          else settle(resolve)()
        },
        (error) =>
          fail(
            error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.message === 'aborted'
              ? new Error(`it broke off after ${count} of ${total ?? '?'} bytes`)
              : error,
          ),
      )
    })
    request.on('error', fail)
    request.on('socket', (socket) =>
      socket.on(client === https ? 'secureConnect' : 'connect', () => within(limits.stallMs, 'no answer')),
    )
    within(limits.connectMs, 'no connection')
  })
}

async function curlTo(url, file, limits, onProgress, env) {
  if (which('curl', env.PATH ?? '') === null)
    throw new Error('a proxy is set, and only curl knows proxies here: install curl')
  const seconds = (ms) => String(Math.ceil(ms / 1000))
  const poll = setInterval(() => onProgress(`${bytes(sizeOf(file))} through the proxy`, null), 500)
  try {
    const limit = [
      '--connect-timeout',
      seconds(limits.connectMs),
      '--speed-limit',
      '1',
      '--speed-time',
      seconds(limits.stallMs),
    ]
    const args = [
      '--fail',
      '--location',
      '--proto-redir',
      '=https,http',
      '--silent',
      '--show-error',
      ...limit,
      '--output',
      file,
      url,
    ]
    const { code, tail } = await run('curl', args, { env })
    if (code !== 0) throw new Error(tail.replace(/^curl: /, '') || `curl ended with ${code}`)
  } finally {
    clearInterval(poll)
  }
}

function sizeOf(file) {
  try {
    return statSync(file).size
  } catch {
    return 0
  }
}

/** @returns the path of the binary in `folder`, executable. */
export async function extractBinary(archive, folder) {
  const { code, tail } = await run('tar', ['-xzf', archive, '-C', folder, '--no-same-owner', 'mediamtx'])
  if (code !== 0) throw new Error(`the archive cannot be unpacked: ${tail}`)
  const binary = join(folder, 'mediamtx')
  await chmod(binary, 0o755)
  return binary
}
