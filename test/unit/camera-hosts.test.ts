import t from 'tap'
import { CameraHosts, isHostRule } from '../../src/cameras/camera-hosts.js'
import { parseCameraUrl } from '../../src/cameras/camera-url.js'

const DNS: Record<string, string[]> = {
  'camera.factory.lan': ['10.20.0.7'],
  'both.factory.lan': ['2001:db8::7', '10.20.0.7'],
  'rebinding.example': ['10.20.0.7', '169.254.169.254'],
  'metadata.example': ['::ffff:169.254.169.254'],
  '0xa9fea9fe': ['169.254.169.254'],
  localhost: ['::1', '127.0.0.1'],
}
const resolve = (name: string) => (DNS[name] ? Promise.resolve(DNS[name]) : Promise.reject(new Error('ENOTFOUND')))

/** The address to connect to, or the code of the refusal. */
async function outcome(rules: string, rtsp: string, attempt = 0): Promise<string> {
  const hosts = new CameraHosts(rules === '' ? [] : rules.split(','), resolve)
  const url = parseCameraUrl(rtsp)
  try {
    hosts.check(url)
  } catch (error) {
    return `at once ${(error as { code: string }).code}`
  }
  return hosts.resolved(url, attempt).then(
    ({ key }) => key,
    (error: { code: string }) => error.code,
  )
}

t.test('addresses that are never cameras are refused, in every spelling', async (t) => {
  for (const host of [
    ...['0.0.0.0', '0.1.2.3', '169.254.169.254', '169.254.1.1', '224.0.0.1', '239.255.255.250', '255.255.255.255'],
    ...['[::]', '[fe80::1]', '[ff02::1]', '[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]', '[fd00:ec2::254]'],
    ...['[0:0:0:0:0:FFFF:A9FE:A9FE]', '100.100.100.200'],
  ])
    for (const rules of ['', '0.0.0.0/0,::/0'])
      t.equal(await outcome(rules, `rtsp://${host}/x`), 'at once ERR_CAMERA_HOST', host)
  for (const name of ['rebinding.example', 'metadata.example', '0xa9fea9fe'])
    for (const rules of ['', name, '0.0.0.0/0,::/0'])
      t.equal(await outcome(rules, `rtsps://${name}/x`), 'ERR_CAMERA_HOST', `${name} (${rules})`)
})

t.test('without CAMERA_HOSTS, all others are allowed; a name is resolved once', async (t) => {
  t.equal(await outcome('', 'rtsp://127.0.0.1:8554/x'), 'rtsp://127.0.0.1:8554/x')
  t.equal(await outcome('', 'rtsp://[::1]/x'), 'rtsp://[::1]/x')
  t.equal(await outcome('', 'rtsp://u:p@Camera.Factory.lan.:8554/x?y'), 'rtsp://10.20.0.7:8554/x?y')
  t.equal(
    await outcome('', 'rtsps://camera.factory.lan/x'),
    'rtsps://camera.factory.lan/x',
    'the certificate has the name',
  )
  t.equal(await outcome('', 'rtsp://unknown/x'), 'ERR_SOURCE_UNKNOWN_HOST')
  t.equal(await outcome('', 'rtsp://localhost/x', 0), 'rtsp://127.0.0.1/x')
  t.equal(await outcome('', 'rtsp://localhost/x', 1), 'rtsp://[::1]/x', 'the next attempt takes the next address')
  t.equal(await outcome('', 'rtsp://localhost/x', 2), 'rtsp://127.0.0.1/x')
})

t.test('CAMERA_HOSTS allows names, addresses and networks, and nothing else', async (t) => {
  const network = '10.20.0.0/16'
  t.equal(await outcome(network, 'rtsp://10.20.3.4/x'), 'rtsp://10.20.3.4/x')
  t.equal(await outcome(network, 'rtsp://10.21.3.4/x'), 'at once ERR_CAMERA_HOST')
  t.equal(await outcome(network, 'rtsp://127.0.0.1/x'), 'at once ERR_CAMERA_HOST')
  t.equal(await outcome(network, 'rtsp://camera.factory.lan/x'), 'rtsp://10.20.0.7/x')
  t.equal(await outcome(network, 'rtsp://both.factory.lan/x'), 'ERR_CAMERA_HOST', 'one of its addresses is elsewhere')
  t.equal(await outcome('*.factory.lan', 'rtsp://both.factory.lan/x'), 'rtsp://10.20.0.7/x')
  t.equal(await outcome('*.factory.lan', 'rtsp://factory.lan/x'), 'at once ERR_CAMERA_HOST')
  t.equal(await outcome('Camera.factory.LAN', 'rtsp://camera.FACTORY.lan/x'), 'rtsp://10.20.0.7/x')
  t.equal(await outcome('camera.factory.lan', 'rtsp://localhost/x'), 'at once ERR_CAMERA_HOST')
  t.equal(await outcome('::1', 'rtsp://[::1]/x'), 'rtsp://[::1]/x')
})

t.test('rules are checked', async (t) => {
  for (const good of ['a', 'cam-1.lan', '*.lan', '10.0.0.0/8', '::1', 'fd00::/8', '10.0.0.1'])
    t.ok(isHostRule(good), good)
  for (const bad of ['', '10.0.0.0/33', 'fd00::/129', 'a b', 'rtsp://a', '10.0.0/8', '*', 'a.*'])
    t.notOk(isHostRule(bad), bad)
})
