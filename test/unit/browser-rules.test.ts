// Which requests of web pages the gateway accepts.

import t from 'tap'
import { ownNames } from '../../src/endpoints.js'
import { foreignPage, hostAllowed, originAllowed } from '../../src/http/browser-rules.js'

const settings = {
  allowedHosts: ['edge-box', 'Cams.example.com'],
  corsOrigins: ['http://localhost:*', 'wails://wails'],
}
const HOST = '192.168.1.5:8090'

t.test('Host: IP addresses, localhost and ALLOWED_HOSTS', async (t) => {
  const allowed = [
    '127.0.0.1:8090',
    '127.0.0.1',
    '10.1.2.3:80',
    '[::1]:8090',
    '[fe80::1]',
    'localhost',
    'LOCALHOST:1',
    '',
  ]
  for (const host of [...allowed, 'edge-box:8090', 'cams.example.com', 'cams.example.com.:443', 'EDGE-BOX'])
    t.ok(hostAllowed(host, settings), host)
  const refused = [
    'evil.example:8090',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'edge-box.evil',
    '127.0.0.1@evil.example',
  ]
  for (const host of [...refused, '2130706433.example', 'a:b:c', '[::1].evil'])
    t.notOk(hostAllowed(host, settings), host)
})

t.test('Origin: the own one and CORS_ORIGINS', async (t) => {
  for (const origin of [
    `http://${HOST}`,
    `https://${HOST}`,
    'http://localhost:5173',
    'http://localhost',
    'wails://wails',
  ])
    t.ok(originAllowed(origin, HOST, settings), origin)
  const refused = [
    'null',
    '',
    'http://192.168.1.5',
    'http://192.168.1.5:80900',
    'https://localhost:5173',
    'http://localhost:1x',
  ]
  for (const origin of [
    ...refused,
    'http://localhost.evil.example:80',
    'http://localhost:80.evil.example',
    'wails://wails:1',
  ])
    t.notOk(originAllowed(origin, HOST, settings), origin)
  t.ok(originAllowed('https://any.example', HOST, { ...settings, corsOrigins: ['*'] }))
})

t.test('the page behind a request', async (t) => {
  const page = (method: string, headers: Record<string, string>) => foreignPage(method, headers, HOST)
  const cross = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
  const evil = 'https://evil.example'
  t.equal(page('GET', {}), null, 'curl')
  t.equal(page('POST', {}), null, 'curl')
  t.equal(page('POST', { origin: `http://${HOST}` }), null, 'the own page')
  t.equal(page('GET', { 'sec-fetch-site': 'same-origin' }), null, 'the own page')
  t.equal(page('POST', { origin: evil }), evil)
  t.equal(page('POST', { origin: 'null' }), 'null', 'a sandboxed frame')
  t.equal(page('GET', cross), 'null', 'an image')
  t.equal(page('GET', { ...cross, referer: `${evil}/a?b` }), evil, 'an image with its page')
  t.equal(page('GET', { ...cross, 'sec-fetch-site': 'same-site' }), 'null', 'another port of this host')
  t.equal(page('GET', { referer: `${evil}/` }), evil, 'without Sec-Fetch headers, as over plain HTTP')
  t.equal(page('POST', { ...cross, referer: `http://${HOST}/` }), 'null', 'a POST needs an Origin')
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  t.equal(page('GET', link), null, 'a link to the gateway')
  t.equal(page('POST', link), 'null', 'a form')
  t.equal(page('GET', { ...link, 'sec-fetch-dest': 'iframe' }), 'null', 'a frame')
})

t.test('the names of this machine', async (t) => {
  const names = { httpHost: '0.0.0.0', mediamtxPublicHls: 'https://cams.example.com/hls' }
  t.strictSame(ownNames(names, 'box.lan'), ['box.lan', 'box', 'box.local', '0.0.0.0', 'cams.example.com'])
})
