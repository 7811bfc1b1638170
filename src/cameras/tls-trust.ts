// Whether the gateway trusts a camera's certificate: because an authority that this machine trusts has signed it, or, if
// the camera has a `tls_fingerprint`, because it is that certificate.

import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { SourceError } from '../errors.js'

// MediaMTX and GStreamer trust these; Node only knows a list of its own.
const SYSTEM_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

let context: tls.SecureContext | null = null

/** Connects with any certificate: call `distrustOf` before sending anything. */
export function connectTls(host: string, port: number): tls.TLSSocket {
  context ??= tls.createSecureContext({ ca: [...tls.rootCertificates, ...systemCertificates()] })
  return tls.connect({ host, port, secureContext: context, rejectUnauthorized: false })
}

function systemCertificates(): string[] {
  try {
    return [readFileSync(process.env.SSL_CERT_FILE || SYSTEM_CERTIFICATES, 'utf8')]
  } catch {
    return []
  }
}

/**
 * Why the peer of a connection is not to be trusted; null if it is.
 * @param fingerprint SHA-256 of its certificate, 64 hexadecimal digits in lower case; null: an authority must vouch for it.
 */
export function distrustOf(socket: tls.TLSSocket, fingerprint: string | null, address: string): SourceError | null {
  const seen = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase() ?? 'unknown'
  if (fingerprint !== null) {
    if (seen === fingerprint) return null
    return new SourceError(
      'ERR_SOURCE_TLS',
      `the certificate of ${address} is not the one in tls_fingerprint: it has changed, or this is another device. ` +
        `Its SHA-256 fingerprint is ${seen}`,
    )
  }
  if (socket.authorized) return null
  // In the types an Error, in fact a code or a sentence.
  const reason = String(socket.authorizationError).replace(/^Error: /, '')
  return new SourceError(
    'ERR_SOURCE_TLS',
    `the certificate of ${address} is not trusted (${reason}). Its SHA-256 fingerprint is ${seen}; ` +
      "if that is the camera's, start the camera with it as tls_fingerprint",
  )
}
