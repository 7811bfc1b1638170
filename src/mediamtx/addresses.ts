// MediaMTX's addresses: for the gateway itself, and for browsers and players. Pure.

import type { MediaMtxAddresses } from './control-api.js'

/** The listeners of a managed MediaMTX: the variable that sets each address, and its default. */
export const LISTENERS = {
  MTX_RTSPADDRESS: ':8554',
  MTX_HLSADDRESS: ':8888',
  MTX_WEBRTCADDRESS: ':8889',
  MTX_WEBRTCLOCALUDPADDRESS: ':8189',
  MTX_WEBRTCLOCALTCPADDRESS: '',
  MTX_APIADDRESS: '127.0.0.1:9997',
  MTX_RTPADDRESS: ':8000',
  MTX_RTCPADDRESS: ':8001',
  MTX_RTSPSADDRESS: ':8322',
  MTX_SRTPADDRESS: ':8004',
  MTX_SRTCPADDRESS: ':8005',
  // Off in mediamtx.yaml. An operator may switch them on, and MediaMTX's own defaults listen on all interfaces.
  MTX_RTMPADDRESS: ':1935',
  MTX_RTMPSADDRESS: ':1936',
  MTX_SRTADDRESS: ':8890',
  MTX_PLAYBACKADDRESS: ':9996',
  MTX_METRICSADDRESS: ':9998',
  MTX_PPROFADDRESS: ':9999',
}

/** A listen address with the port moved by an offset; '' stays off. */
export function moved(address: string, offset: number): string {
  return address === '' ? '' : `${address.slice(0, -portOf(address).length)}${Number(portOf(address)) + offset}`
}

/** What readers connect to. These listen on HTTP_HOST, unless their address has another host. */
export const READER_LISTENERS = Object.entries(LISTENERS).filter(([name]) => name !== 'MTX_APIADDRESS')

/** A listen address with this host, if it has none; '' stays off. */
export function onHost(address: string, host: string): string {
  return address.startsWith(':')
    ? `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}${address}`
    : address
}

/** Used until MediaMTX has reported its own. */
export const DEFAULT_ADDRESSES: MediaMtxAddresses = {
  rtspAddress: LISTENERS.MTX_RTSPADDRESS,
  hlsAddress: LISTENERS.MTX_HLSADDRESS,
  webrtcAddress: LISTENERS.MTX_WEBRTCADDRESS,
}

/** MediaMTX's addresses from outside, as the operator configured them; undefined: as MediaMTX reports them. */
export interface PublicAddresses {
  /** Default: the host of the request. */
  mediamtxPublicHost?: string | undefined
  /** Base addresses behind a reverse proxy. */
  mediamtxPublicWebrtc?: string | undefined
  mediamtxPublicHls?: string | undefined
}

export interface PathUrls {
  /** null: MediaMTX does not serve it. */
  webrtcWhep: string | null
  hls: string | null
  rtsp: string
}

export function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1)
}

/** HOST:PORT to connect to for a listen address: 127.0.0.1 for `:9997` and `0.0.0.0:9997`. */
export function reachable(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  const literal = ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host
  return `${literal.includes(':') ? `[${literal}]` : literal}:${portOf(address)}`
}

/** The address with a name and a password. */
export function withAccess(address: string, { user, password }: { user: string; password: string }): string {
  const url = new URL(address)
  url.username = user
  url.password = password
  return url.href
}

/** Where the gateway reads a path. @param base MEDIAMTX_RTSP; undefined: as MediaMTX reports it. */
export function readUrl(name: string, at: MediaMtxAddresses, base = `rtsp://${reachable(at.rtspAddress)}`): string {
  return `${base.replace(/\/$/, '')}/${name}`
}

/** Addresses for browsers and players. @param requestHost the host by which the client reached the gateway. */
export function publicUrls(
  name: string,
  at: MediaMtxAddresses,
  settings: PublicAddresses,
  requestHost: string,
): PathUrls {
  const host = settings.mediamtxPublicHost ?? requestHost
  const base = (proxy: string | undefined, encrypted: boolean | undefined, address: string) =>
    proxy?.replace(/(?<!\/)\/+$/, '') ?? `${encrypted ? 'https' : 'http'}://${host}:${portOf(address)}`
  const webrtc = base(settings.mediamtxPublicWebrtc, at.webrtcEncryption, at.webrtcAddress)
  const hls = base(settings.mediamtxPublicHls, at.hlsEncryption, at.hlsAddress)
  return {
    webrtcWhep: at.webrtc === false ? null : `${webrtc}/${name}/whep`,
    hls: at.hls === false ? null : `${hls}/${name}/index.m3u8`,
    rtsp: `rtsp://${host}:${portOf(at.rtspAddress)}/${name}`,
  }
}
