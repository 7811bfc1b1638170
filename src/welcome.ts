// What the gateway prints once it runs. Pure.

import type { RelayUrls } from './types.js'

export interface Welcome {
  http: string
  zmq: string[]
  /** Whether clients need a token. */
  tokens: boolean
  /** Whether other machines can connect. */
  open: boolean
  demo: Demo | null
}

/** null: MediaMTX does not serve it. */
interface Demo extends Omit<RelayUrls, 'reason'> {
  name: string
  url: string
}

export function welcome({ http, zmq, tokens, open, demo }: Welcome): string {
  const lines = ['', `Framegate is running: ${http}`]
  const elsewhere = `http://ADDRESS-OF-THIS-MACHINE:${new URL(http).port || 80}/`
  if (open) lines.push(`  other machines   ${elsewhere}${tokens ? ' (sign in with a token)' : ''}`)
  lines.push(`  frames (ZeroMQ)  ${zmq.join(', ')}`)
  lines.push(...(demo ? demoLines(http, tokens, demo) : startLines(http, tokens)))
  return `${lines.join('\n')}\n\nTo end it, press Ctrl+C.\n\n`
}

function startLines(http: string, tokens: boolean): string[] {
  const token = tokens ? '-H "Authorization: Bearer TOKEN" ' : ''
  const example = '{"name": "lobby-1", "rtsp": "rtsp://user:password@192.168.1.10/stream"}'
  return [
    '',
    `Open ${http}/ to add a camera, or start one from a shell:`,
    `  curl ${token}${http}/cameras/start -d '${example}'`,
  ]
}

function demoLines(http: string, tokens: boolean, { name, url, rtsp, webrtcWhep, hls }: Demo): string[] {
  const gateway = http === 'http://127.0.0.1:8090' ? '' : `, gateway="${http}"`
  const program = `from framegate import open_capture; cap = open_capture("${name}"${gateway}); ok, frame = cap.read(); print(frame.shape if ok else cap.last_error)`
  // Where clients need a token, players need a ticket in these addresses: GET /cameras has it.
  const players = tokens ? [] : [rtsp && `  VLC, ffplay      ${rtsp}`, webrtcWhep && `  WebRTC (WHEP)    ${webrtcWhep}`]
  if (!tokens && hls) players.push(`  HLS              ${hls}`)
  return [
    `  camera           ${url} (simulated)`,
    `  web page         ${http}/`,
    `  MJPEG stream     ${http}/mjpeg?cam=${name}`,
    `  snapshot         ${http}/snapshot?cam=${name}`,
    ...players.filter((line) => line !== null),
    `  cameras          ${http}/cameras`,
    '',
    'In Python (README.md, section Python, has the two lines that install it):',
    `  python3 -c '${program}'`,
    '',
    `The camera "${name}" is not saved: a start without --demo does not have it.`,
  ]
}
