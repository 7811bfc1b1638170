import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../src/config.js'
import { ConfigError } from '../../src/errors.js'
import { temporaryFolder } from '../helpers/paths.js'

const read = (argv: string[] = [], env: NodeJS.ProcessEnv = {}) => readConfig(argv, env, '1.2.3')

t.test('the defaults are those of docs/settings.md', async (t) => {
  const { config, demo, print } = read([], { XDG_STATE_HOME: '/state' })
  t.strictSame(config, {
    zmqBind: ['tcp://127.0.0.1:5555'],
    httpHost: '127.0.0.1',
    httpPort: 8090,
    authTokensFile: undefined,
    insecureNoAuth: false,
    allowedHosts: [],
    corsOrigins: ['http://localhost:*', 'http://127.0.0.1:*', 'wails://wails', 'http://wails.localhost'],
    trustProxy: false,
    pubFps: 20,
    scaleWidth: 640,
    jpegQuality: 80,
    mediamtx: 'managed',
    mediamtxBin: undefined,
    mediamtxApi: undefined,
    mediamtxRtsp: undefined,
    mediamtxPublicHost: undefined,
    mediamtxPublicWebrtc: undefined,
    mediamtxPublicHls: undefined,
    curveServerKey: undefined,
    curveClients: undefined,
    cameraHosts: [],
    maxCameras: 256,
    laneSocket: '',
    laneMemory: 256,
    forgetAfter: 600,
    portOffset: 0,
    stateFile: '/state/framegate/cameras.json',
    logLevel: 'info',
    logFormat: 'auto',
  })
  t.equal(demo, false)
  t.equal(print, null)
})

t.test('a flag wins over the environment, then the file, then the default', async (t) => {
  const file = join(temporaryFolder(t), 'framegate.yaml')
  writeFileSync(file, 'pub_fps: 5\nscale_width: 320\njpeg_quality: 70\n')
  const { config } = read(['--config', file, '--pub-fps', '15'], { PUB_FPS: '10', SCALE_WIDTH: '480' })
  t.equal(config.pubFps, 15)
  t.equal(config.scaleWidth, 480)
  t.equal(config.jpegQuality, 70)
  t.equal(read([], { FRAMEGATE_CONFIG: file }).config.pubFps, 5)
  t.equal(read([], { CONFIG_FILE: file }).config.pubFps, 5)
  t.equal(read([], { PUB_FPS: '' }).config.pubFps, 20, 'an empty variable counts as not set')
})

t.test('the error for an invalid value names the setting, the value and what was expected', async (t) => {
  const cases: [string[], NodeJS.ProcessEnv, RegExp][] = [
    [[], { HTTP_PORT: 'abc' }, /^HTTP_PORT: expected a port.*got "abc"$/],
    [[], { HTTP_PORT: '70000' }, /^HTTP_PORT: .*70000/],
    [['--http-port', '-1'], {}, /http-port/],
    [['--http-port=-1'], {}, /^--http-port: expected .* got "-1"$/],
    [[], { PUB_FPS: '0' }, /^PUB_FPS: .*0\.1 to 120.*"0"$/],
    [[], { SCALE_WIDTH: '7' }, /^SCALE_WIDTH: .*16 to 7680/],
    [[], { JPEG_QUALITY: '101' }, /^JPEG_QUALITY: .*1 to 100/],
    [[], { MEDIAMTX: 'maybe' }, /^MEDIAMTX: expected managed, external or off; got "maybe"$/],
    [[], { ZMQ_BIND: 'udp://1.2.3.4:5' }, /^ZMQ_BIND: expected a comma-separated list/],
    [[], { ZMQ_BIND: 'tcp://127.0.0.1:99999' }, /^ZMQ_BIND: /],
    [[], { MEDIAMTX_API: 'ftp://x' }, /^MEDIAMTX_API: /],
    [[], { HTTP_HOST: 'a b' }, /^HTTP_HOST: /],
    [[], { INSECURE_NO_AUTH: 'maybe' }, /^INSECURE_NO_AUTH: expected 1 or 0; got "maybe"$/],
    [[], { CORS_ORIGINS: 'app.example.com' }, /^CORS_ORIGINS: expected a comma-separated list of origins/],
    [[], { ALLOWED_HOSTS: 'http://a' }, /^ALLOWED_HOSTS: expected a comma-separated list of host names/],
    [['--nonsense'], {}, /--nonsense/],
    [['extra'], {}, /unknown command "extra"; expected serve, check, check-camera, schema/],
    [['check', 'extra'], {}, /check: unexpected argument "extra"/],
    [['check-camera'], {}, /check-camera: expected an address/],
    [
      ['--config', '/does/not/exist'],
      {},
      /--config: expected a readable YAML file of at most 1 MiB; got "\/does\/not\/exist"/,
    ],
  ]
  for (const [argv, env, message] of cases) {
    t.throws(() => read(argv, env), { name: 'ConfigError', message }, JSON.stringify([argv, env]))
    t.throws(() => read(argv, env), ConfigError)
  }
})

t.test('no error shows the password of an address', async (t) => {
  for (const setting of [
    'MEDIAMTX_API',
    'MEDIAMTX_RTSP',
    'MEDIAMTX_PUBLIC_WEBRTC',
    'MEDIAMTX_PUBLIC_HLS',
    'ZMQ_BIND',
  ]) {
    for (const address of ['ftp://user:secret@host', 'user:secret@host', 'ftp://user:sec/secret@host']) {
      t.throws(() => read([], { [setting]: address }), { message: new RegExp(`^${setting}: .*host"$`) })
      t.throws(() => read([], { [setting]: address }), { message: /^((?!secret).)*$/ }, address)
    }
  }
})

t.test('accepts lists, IPv6 and ipc endpoints', async (t) => {
  t.strictSame(
    read([], { ZMQ_BIND: 'tcp://*:5555, ipc:///run/f.sock,tcp://[::1]:1', INSECURE_NO_AUTH: '1' }).config.zmqBind,
    ['tcp://*:5555', 'ipc:///run/f.sock', 'tcp://[::1]:1'],
  )
})

t.test('--help lists every setting, --version the version', async (t) => {
  const help = read(['--help']).print ?? ''
  for (const name of [
    'ZMQ_BIND',
    'HTTP_HOST',
    'HTTP_PORT',
    'AUTH_TOKENS_FILE',
    'INSECURE_NO_AUTH',
    'ALLOWED_HOSTS',
    'CORS_ORIGINS',
    'TRUST_PROXY',
    'PUB_FPS',
    'SCALE_WIDTH',
    'JPEG_QUALITY',
    'MEDIAMTX',
    'MEDIAMTX_BIN',
    'MEDIAMTX_API',
    'MEDIAMTX_RTSP',
    'MEDIAMTX_PUBLIC_HOST',
    'MEDIAMTX_PUBLIC_WEBRTC',
    'MEDIAMTX_PUBLIC_HLS',
    'STATE_FILE',
    '--demo',
  ]) {
    t.match(help, name)
  }
  const rows = help.split('\n').filter((line) => line.startsWith('  --') && !line.includes('--version'))
  t.same(
    rows.filter((row) => !/^.{49} \S/.test(row) || row.endsWith('()')),
    [],
    'all texts begin in one column, and no default is empty',
  )
  t.equal(read(['--version']).print, 'framegate 1.2.3')
})

t.test('a port that other machines reach needs tokens, or INSECURE_NO_AUTH=1', async (t) => {
  const open: NodeJS.ProcessEnv[] = [
    { HTTP_HOST: '0.0.0.0' },
    { HTTP_HOST: '::' },
    { HTTP_HOST: '192.168.1.5' },
    { HTTP_HOST: 'edge-box' },
    { MTX_RTSPADDRESS: '0.0.0.0:8554' },
    { MTX_HLSADDRESS: '[::]:8888' },
  ]
  for (const env of open) {
    const [setting] = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    t.throws(() => read([], env), { name: 'ConfigError', message: /needs tokens: set AUTH_TOKENS_FILE/ }, `${setting}`)
    t.doesNotThrow(() => read([], { ...env, INSECURE_NO_AUTH: '1' }))
    t.doesNotThrow(() => read([], { ...env, AUTH_TOKENS_FILE: '/some/file' }))
    t.doesNotThrow(() => read(['--help'], env))
  }
  for (const env of [
    { HTTP_HOST: '127.0.0.2' },
    { HTTP_HOST: '::1' },
    { HTTP_HOST: 'localhost' },
    { MTX_RTSPADDRESS: ':9554' },
    { MTX_HLSADDRESS: '127.0.0.1:9888', MTX_WEBRTCADDRESS: '' },
    { MTX_RTSPADDRESS: '0.0.0.0:8554', MEDIAMTX: 'off' },
  ])
    t.doesNotThrow(() => read([], env), JSON.stringify(env))
})

t.test('PORT_OFFSET moves the default ports and the state file, and no port that is given', async (t) => {
  const { config } = read([], { PORT_OFFSET: '100', XDG_STATE_HOME: '/state' })
  t.match(config, { httpPort: 8190, zmqBind: ['tcp://127.0.0.1:5655'], stateFile: '/state/framegate/cameras-100.json' })
  const given = read(['--port-offset', '200'], {
    HTTP_PORT: '81',
    ZMQ_BIND: 'tcp://127.0.0.1:82',
    STATE_FILE: '/s',
  }).config
  t.match(given, { httpPort: 81, zmqBind: ['tcp://127.0.0.1:82'], stateFile: '/s' })
  for (const bad of ['-2', '1', '50002', '1.5', 'x'])
    t.throws(() => read([], { PORT_OFFSET: bad }), { message: /PORT_OFFSET: expected an even number/ }, bad)
})
