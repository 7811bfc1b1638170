// framegate.yaml: what it may hold, and what its errors say.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../src/config.js'
import { effectiveSettings } from '../../src/config/effective-settings.js'
import { configReport } from '../../src/config/report.js'
import { resolveReferences } from '../../src/config/references.js'
import { messageOf } from '../../src/errors.js'
import { cameraSettings } from '../../src/camera-settings.js'
import { keyOf, SETTINGS, type Config } from '../../src/settings.js'
import { ROOT, temporaryFolder } from '../helpers/paths.js'

interface Test {
  teardown(run: () => void): void
}

function configFile(t: Test, text: string): string {
  const file = join(temporaryFolder(t), 'framegate.yaml')
  writeFileSync(file, text)
  return file
}

const read = (file: string, env: NodeJS.ProcessEnv = {}, argv: string[] = []) =>
  readConfig(['--config', file, ...argv], env, '1.2.3')

/** The lines of the error, without the file's path. */
function problems(t: Test, text: string, env: NodeJS.ProcessEnv = {}): string[] {
  const file = configFile(t, text)
  try {
    read(file, env)
    return []
  } catch (error) {
    return messageOf(error)
      .split('\n')
      .map((line) => line.replace(`${file}:`, ''))
  }
}

t.test('a file has settings and cameras; what a camera leaves out is the default of the gateway', async (t) => {
  const file = configFile(
    t,
    `
pub_fps: 12.5
zmq_bind: [tcp://127.0.0.1:7000, "ipc:///run/frames.sock"]
insecure_no_auth: true
cors_origins:
  - https://app.example.com
mediamtx: off
state_file:
cameras:
  lobby-1:
    rtsp: rtsp://u:p@192.168.1.10/stream
  007: &usual
    rtsp: rtsp://192.168.1.11/a
    jpeg_quality: 70
    rtsp_transport: tcp
  null:
    <<: *usual
    rtsp: rtsp://192.168.1.12/a
    scale_width: 0
`,
  )
  const { config, cameras, file: path } = read(file, { XDG_STATE_HOME: '/state', SCALE_WIDTH: '320' })
  t.equal(path, file)
  t.match(config, {
    pubFps: 12.5,
    zmqBind: ['tcp://127.0.0.1:7000', 'ipc:///run/frames.sock'],
    insecureNoAuth: true,
    corsOrigins: ['https://app.example.com'],
    mediamtx: 'off',
    stateFile: '/state/framegate/cameras.json',
  })
  const usual = { cameraTime: false, tlsFingerprint: null, pubFps: 12.5 }
  t.strictSame(cameras, [
    {
      ...{ ...usual, name: 'lobby-1', rtsp: 'rtsp://u:p@192.168.1.10/stream', scaleWidth: 320 },
      ...{ jpegQuality: 80, rtspTransport: 'automatic' },
    },
    {
      ...{ ...usual, name: '007', rtsp: 'rtsp://192.168.1.11/a', scaleWidth: 320 },
      ...{ jpegQuality: 70, rtspTransport: 'tcp' },
    },
    {
      ...{ ...usual, name: 'null', rtsp: 'rtsp://192.168.1.12/a', scaleWidth: 0 },
      ...{ jpegQuality: 70, rtspTransport: 'tcp' },
    },
  ])
})

t.test('one run names all errors of a file, each with its line, its field and what was expected', async (t) => {
  const found = problems(
    t,
    `# Comment
pub_fsp: 5
http_port: 70000
zmq_bind: [tcp://h:1, nonsense]
cameras:
  a b:
    rtsp: rtsp://h/1
  door:
    pub_fps: fast
    scale_size: 5
    camera_time: 1
  gate: rtsp://h/2
  hall:
    rtsp: http://user:secret@h/3
  yard:
    rtsp: rtsp://H:554/4
  yard-2:
    rtsp: rtsp://u:secret@h/4
  cloud:
    rtsp: rtsp://169.254.169.254/x
`,
  )
  const expected = [
    /^2: unknown setting "pub_fsp"; expected one of port_offset, .*, cameras$/,
    /^3: http_port: expected a port, a whole number from 0 .*; got 70000$/,
    /^4: zmq_bind: expected a comma-separated list of tcp:\/\/HOST:PORT .*; got \["tcp:\/\/h:1","nonsense"\]$/,
    /^6: cameras: expected a name of 1 to 64 letters, .*; got "a b"$/,
    /^8: cameras\.door\.rtsp: expected an address .*; the setting is missing$/,
    /^9: cameras\.door\.pub_fps: expected a number of frames per second .*; got "fast"$/,
    /^10: cameras\.door: unknown setting "scale_size"; expected one of rtsp, pub_fps, scale_width, .*$/,
    /^11: cameras\.door\.camera_time: expected true or false; got 1$/,
    /^12: cameras\.gate: expected the settings of the camera below its name, such as rtsp$/,
    /^14: cameras\.hall\.rtsp: expected an address that begins with rtsp.*$/,
    /^18: cameras\.yard-2\.rtsp: expected an address of its own; camera yard \(line 15\) has this one$/,
    /^20: cameras\.cloud\.rtsp: 169\.254\.169\.254 is refused: .* is a link-local, multicast or reserved address$/,
  ]
  t.equal(found.length, expected.length, found.join('\n'))
  for (const [i, pattern] of expected.entries()) t.match(found[i], pattern)
  t.notMatch(found.join('\n'), /secret/)
})

t.test('errors of the file as a whole', async (t) => {
  const tenOf = (level: number) => `a${level}: &a${level} [${`*a${level - 1},`.repeat(10)}]`
  const bomb = ['a0: &a0 [x]', ...[1, 2, 3, 4, 5, 6, 7].map(tenOf)].join('\n')
  for (const [text, pattern] of [
    ['a: b: c\n', /^1: expected valid YAML: /],
    ['pub_fps: 5\nhttp_port: 1\npub_fps: 6\n', /^3: expected valid YAML: Map keys must be unique/],
    ['- 1\n', /^1: expected lines of "setting: value", and "cameras:"$/],
    ['text\n', /^1: expected lines of "setting: value"/],
    ['\ncameras: [a]\n', /^2: cameras: expected lines of "NAME:"/],
    ['pub_fps: !odd 5\n', /^1: expected valid YAML: /],
    ['pub_fps: *nowhere\n', /^1: expected valid YAML: /],
    [`a: ${'['.repeat(5000)}${']'.repeat(5000)}`, /^1: expected valid YAML: values are nested too deeply$/],
    [bomb, /^1: expected valid YAML: aliases multiply to too many values$/],
    ['max_cameras: 1\ncameras:\n  a: {rtsp: rtsp://h/1}\n  b: {rtsp: rtsp://h/2}\n', /^4: cameras: expected 1 at most/],
  ] as const) {
    const found = problems(t, text)
    t.equal(found.length, 1, text)
    t.match(found[0], pattern, text)
  }
  for (const text of ['', '# nothing\n', 'cameras:\n', '---\npub_fps:\n']) t.same(problems(t, text), [], text)
  t.throws(() => read('/does/not/exist'), {
    message: /--config: expected a readable YAML file of at most 1 MiB; got "\/does\/not\/exist" \(ENOENT\)/,
  })
  const pipe = join(temporaryFolder(t), 'pipe')
  spawnSync('mkfifo', [pipe])
  t.throws(() => read(pipe), { message: /it is not a file/ })
  t.throws(() => read(configFile(t, '#'.repeat(1024 * 1024 + 1))), { message: /it has more than 1048576 bytes/ })
})

t.test('hundreds of cameras may repeat one alias', async (t) => {
  const cameras = Array.from({ length: 200 }, (_, i) => `  c${i}: {<<: *usual, rtsp: "rtsp://h/${i}"}\n`)
  t.same(problems(t, `cameras:\n  first: &usual {rtsp: "rtsp://h/", pub_fps: 5}\n${cameras.join('')}`), [])
})

t.test('secrets come from variables and files, also as numbers, and are in no error', async (t) => {
  const file = configFile(
    t,
    `
http_port: \${PORT}
auth_tokens_file: \${ETC}/tokens
cameras:
  a:
    rtsp: rtsp://viewer:\${PASSWORD}@h/\${STREAM}
    pub_fps: \${FPS}
    camera_time: \${CLOCK}
  b: {rtsp: "file:secrets/address"}
  c: {rtsp: "rtsp://v:\${file:secrets/password}@h/c"}
`,
  )
  mkdirSync(join(file, '../secrets'))
  writeFileSync(join(file, '../secrets/address'), 'rtsp://u:p@h/b\n')
  writeFileSync(join(file, '../secrets/password'), 'p@/#ss\n')
  const env = { PORT: '8123', ETC: '/etc', PASSWORD: 'a@b:c/d%41', STREAM: 's/1', FPS: '7', CLOCK: 'true' }
  const { config, cameras } = read(file, env)
  t.match(config, { httpPort: 8123, authTokensFile: '/etc/tokens' })
  t.match(cameras[0], { rtsp: 'rtsp://viewer:a%40b%3Ac%2Fd%2541@h/s/1', pubFps: 7, cameraTime: true })
  t.match(cameras[1], { rtsp: 'rtsp://u:p@h/b' })
  t.match(cameras[2], { rtsp: 'rtsp://v:p%40%2F%23ss@h/c' })

  const bad = `pub_fps: \${X}
log_level: "file:secret"
cameras:
  a: {rtsp: "\${X}"}
  b: {rtsp: "rtsp://u:\${NONE}@h/1"}
  c: {rtsp: "\${a b}"}
  d: {rtsp: "file:/dev/zero"}
`
  const found = problems(t, bad, { X: 'hidden-word' })
  t.notMatch(found.join('\n'), /hidden-word/)
  for (const [i, pattern] of [
    /^1: pub_fps: expected a number of frames per second .*; got "\$\{X\}"$/,
    /^2: log_level: expected a readable file .*secret" \(ENOENT\)$/,
    /^4: cameras\.a\.rtsp: expected an address/,
    /^5: cameras\.b\.rtsp: the environment variable NONE is not set$/,
    /^6: cameras\.c\.rtsp: expected \$\{NAME\} or \$\{file:PATH\}/,
    /^7: cameras\.d\.rtsp: expected a readable file of at most 64 KiB; got "\/dev\/zero" \(it is not a file\)$/,
  ].entries())
    t.match(found[i], pattern)
  t.equal(resolveReferences('a$${X}b$X', { X: 'x' }, '/'), 'a${X}b$X', '$${ is a plain ${')
})

t.test('a file is checked as a whole, also where a flag or a variable overrides it', async (t) => {
  t.throws(() => read(configFile(t, 'pub_fps: 0\n'), { PUB_FPS: '5' }), { message: /:1: pub_fps: expected/ })
})

t.test('the report has every setting with its source, and no secret', async (t) => {
  const file = configFile(
    t,
    `pub_fps: 5
mediamtx: external
mediamtx_api: http://u:secret-1@127.0.0.1:9997
cameras:
  a: {rtsp: "rtsp://u:\${P}@h/1?token=secret-3"}
`,
  )
  const report = configReport(
    read(file, { P: 'secret-2', XDG_STATE_HOME: '/s', JPEG_QUALITY: '9' }, ['--scale-width', '99']),
  )
  t.notMatch(report, /secret/)
  for (const line of [
    `# ${file} is valid.`,
    'pub_fps: 5 # line 1',
    'jpeg_quality: 9 # JPEG_QUALITY',
    'scale_width: 99 # --scale-width',
    'http_port: 8090 # default',
    '# curve_clients: # default',
    'mediamtx_api: "http://***@127.0.0.1:9997" # line 3',
    '    rtsp: "rtsp://***@h/1?token=***"',
  ])
    t.ok(report.split('\n').includes(line), line)
  // It is in the form of the file.
  t.strictSame(read(configFile(t, report)).config, {
    ...read(file, { P: 'x', XDG_STATE_HOME: '/s', JPEG_QUALITY: '9' }, ['--scale-width', '99']).config,
    mediamtxApi: 'http://***@127.0.0.1:9997',
  })
})

t.test('GET /settings has every setting in effect with its source, and no secret', async (t) => {
  const file = configFile(
    t,
    `pub_fps: \${FPS}
cors_origins: ["http://a:1", "\${ORIGIN}"]
mediamtx_api: http://u:secret-1@127.0.0.1:9997
mediamtx_bin: file:bin
`,
  )
  writeFileSync(join(file, '../bin'), 'secret-2')
  const env = { FPS: '5', ORIGIN: 'http://secret-3', MEDIAMTX_RTSP: 'rtsp://secret-4:x@h', JPEG_QUALITY: '9' }
  const settings = effectiveSettings(read(file, env, ['--scale-width', '99']))
  t.notMatch(JSON.stringify(settings), /secret-\d/)
  t.equal(settings.length, Object.keys(SETTINGS).length)
  const of = (name: string) => settings.find((setting) => setting.name === name)
  t.match(of('pub_fps'), { variable: 'PUB_FPS', value: 5, source: 'file', line: 1, meaning: /frames per second/ })
  t.match(of('mediamtx_api'), { value: 'http://***@127.0.0.1:9997', source: 'file', line: 3 })
  t.match([of('cors_origins')?.value, of('mediamtx_bin')?.value], ['***', '***'], 'a reference may be a secret')
  t.match(of('mediamtx_rtsp'), { value: 'rtsp://***@h', source: 'environment', line: null })
  t.match([of('scale_width'), of('jpeg_quality')], [{ value: 99, source: 'flag' }, { source: 'environment' }])
  t.match([of('http_port'), of('curve_clients')], [{ value: 8090, source: 'default' }, { value: null }])
})

const packaged = (name: string) => readFileSync(join(ROOT, 'packaging', name), 'utf8')

t.test(
  'packaging/framegate.yaml shows every setting, and is valid as it is and with every line uncommented',
  async (t) => {
    const text = packaged('framegate.yaml')
    t.same(problems(t, text), [])
    // "#name:" and, for cameras, "#  ..." are settings; "# Text" is prose.
    const file = configFile(t, text.replace(/^#(?=[a-z_]+:| {2})/gm, ''))
    const { config, cameras, sources } = read(file, { LOBBY_PASSWORD: 'x' })
    for (const [name, source] of Object.entries(sources)) t.match(source, /^line \d+$/, name)
    t.strictSame(Object.keys(cameras[1]!).sort(), Object.keys(cameraSettings.shape).sort())
    for (const [name, value] of Object.entries(readConfig([], { FRAMEGATE_CONFIG: configFile(t, '') }, '1').config))
      if (!['undefined', '', '0'].includes(String(value)) && name !== 'stateFile')
        t.strictSame(config[name as keyof Config], value, name)
  },
)

t.test(
  'packaging/framegate.schema.json is what `framegated schema` prints, and docs/configuration.md has its cameras',
  async (t) => {
    const { print } = readConfig(['schema'], {}, '1')
    t.equal(
      packaged('framegate.schema.json'),
      `${print}\n`,
      'if not: npm start -- schema > packaging/framegate.schema.json',
    )
    const { properties } = JSON.parse(print!)
    t.same(Object.keys(properties), [...Object.values(SETTINGS).map(({ env }) => keyOf(env)), 'cameras'])
    const rows = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8').split('\n')
    for (const [name, { description }] of Object.entries<any>(properties.cameras.additionalProperties.properties)) {
      const row = `| \`${name}\` | ${description} |`
      t.ok(rows.includes(row), `docs/configuration.md: ${row}`)
    }
    const settings = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')
    for (const { env } of Object.values(SETTINGS)) t.match(settings, new RegExp(`^\\| .*\`${env}\``, 'm'), env)
  },
)
