// The shell blocks of the users' documentation, run line by line as a reader would, in a folder like a checkout. Only
// addresses, ports and names are those of this test. `framegated` and the Python commands run from the checkout: what an
// installation makes of them is tested in test_package.py and by the scripts in packaging/.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { shellLines } from '../helpers/doc-commands.js'
import { cleanEnv, mediaMtxPorts } from '../helpers/gateway.js'
import { FOOTAGE, MAIN, MEDIAMTX, PYTHON, ROOT, temporaryFolder } from '../helpers/paths.js'
import { freePort, lanAddress } from '../helpers/ports.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'

const LIMIT_MS = 120000
const PAGES = [
  ...['README.md', 'clients/python/README.md'],
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]

/** Commands that change the machine, or need one of their own, and what runs them instead. */
const ELSEWHERE: [RegExp, string][] = [
  [/^(python3 -m venv|pip install|python3 -m pip)/, 'test/python/test_package.py'],
  [/^sudo (apt-get|editor|framegated)/, 'packaging/try-debian.sh'],
  [/^sudo systemctl/, 'packaging/try-systemd.sh'],
  [/^(cp packaging|docker)/, 'packaging/try-container.sh'],
]

/** What the output of a command must have in it. */
const EXPECTED: [RegExp, RegExp][] = [
  [/cameras\/start/, /"ok":\s*true[^]*"state":/],
  [/cameras\/lobby-1/, /"state":\s*"live"/],
  [/tickets/, /"ticket":\s*"/],
  [/-D - .*snapshot/, /^X-Age-Ms: \d/m],
  [/frames_dropped_total/, /^framegate_\w*frames_dropped_total\{.*lobby-1/m],
  [/decode_cpu_seconds_total/, /^framegate_\w*decode_cpu_seconds_total\{/m],
  [/reconnects_total/, /reconnects_total/],
  [/check-camera/, /h264[^]*320x180/i],
  [/^framegated check$/, /http_port[^]*cameras/i],
  [/^framegate-run/, /^3 frames over lane$|^--its (--)?arguments$/m],
  [/python3 program/, /^3 frames over zmq$/m],
  [/^ss /, /LISTEN/],
  [/^pgrep/, /^\d+$/m],
  [/\.camera == "lobby-1"/, /\tinfo\t/],
  [/select\(\.code\)/, /^ *\d+ lobby-2 ERR_/m],
  [/^df /, /Mounted on|No such file/],
  [/^cat tokens/, /^admin [0-9a-f]{64}$/m],
]

const folder = temporaryFolder(t)
const camera = await TestCamera.start({
  ...{ width: 320, height: 180, fps: 25, gop: 25, 'bitrate-kbps': 300 },
  ...{ path: '/stream', user: 'user', password: 'password' },
})
t.teardown(() => camera.stop())
const cameraUrl = camera.url.replace('rtsp://', 'rtsp://user:password@')

makeCheckout()
const environment: NodeJS.ProcessEnv = {
  ...cleanEnv(),
  PATH: `${join(folder, 'commands')}:${process.env.PATH}`,
  PYTHONPATH: join(ROOT, 'clients/python'),
  MEDIAMTX: MEDIAMTX ? 'managed' : 'off',
  npm_config_update_notifier: 'false',
}

let started = 0

/** A gateway or camera that a block has started; it runs until the page ends. */
class Running {
  output = ''
  log = ''
  over = false
  readonly logFile = join(folder, `${started++}.log`)
  readonly #child: ChildProcess

  constructor(
    readonly command: string,
    env: NodeJS.ProcessEnv,
  ) {
    this.#child = spawn('sh', ['-euc', command], {
      cwd: folder,
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child.stdout!.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.log += chunk.toString()
      writeFileSync(this.logFile, this.log)
    })
    this.#child.once('close', () => (this.over = true))
  }

  /** The address that it prints once it runs. */
  async address(): Promise<string> {
    const found = () => /is running: (\S+)/.exec(this.output)?.[1] ?? /"url":"(\S+?)"/.exec(this.output)?.[1] ?? ''
    await until(`the address of ${this.command}`, () => this.over || found(), { limitMs: LIMIT_MS })
    if (this.over) throw new Error(`${this.command} has ended: ${this.output}${this.log}`)
    return found()
  }

  async stop(): Promise<void> {
    if (!this.over) process.kill(-this.#child.pid!, 'SIGTERM')
    await until(`the end of ${this.command}`, () => this.over, { limitMs: 30000 })
  }
}

/** A gateway for a page, which either starts one or expects one that has a camera. */
class PageGateway {
  #hasCameras = false

  private constructor(
    readonly process: Running,
    readonly port: string,
    readonly token: string,
  ) {}

  static async start(command: string): Promise<PageGateway> {
    const offset = command.includes('PORT_OFFSET=')
    const own = `STATE_FILE=${join(folder, `cameras-${started}.json`)}`
    const ports = offset ? {} : { HTTP_PORT: String(await freePort()), ...(await mediaMtxPorts()) }
    const env = { ...ports, ...frames(command) }
    const process = new Running(`export ${own}; ${command}`, { ...environment, ...env })
    t.teardown(() => process.stop())
    const { port } = new URL(await process.address())
    const tokens = command.includes('AUTH_TOKENS_FILE') ? readFileSync(join(folder, 'tokens'), 'utf8') : ''
    return new PageGateway(process, port, tokens.replace('admin ', '').trim())
  }

  async #call(path: string, body?: object): Promise<any> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      headers: { connection: 'close', ...(this.token && { authorization: `Bearer ${this.token}` }) },
      signal: AbortSignal.timeout(20000),
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    return response.json()
  }

  /** Of the documentation's names, one that is live and one that cannot be reached. */
  async addCameras(): Promise<void> {
    if (this.#hasCameras) return
    this.#hasCameras = true
    await this.#call('/cameras/start', { name: 'lobby-1', rtsp: cameraUrl })
    await this.#call('/cameras/start', { name: 'lobby-2', rtsp: 'rtsp://127.0.0.1:9/' })
    const state = async (name: string) => (await this.#call(`/cameras/${name}`)).camera
    await until('lobby-1 to be live', async () => (await state('lobby-1')).state === 'live', { limitMs: 30000 })
    await until('the error of lobby-2', async () => (await state('lobby-2')).last_error !== null, { limitMs: 30000 })
  }
}

const frames = (command: string) => (command.includes('ZMQ_BIND') ? {} : { ZMQ_BIND: 'tcp://127.0.0.1:*' })

/** A line with this test's addresses and ports. */
function here(line: string, gateway: PageGateway | null): string {
  const port = gateway?.port ?? 'none'
  return line
    .replace(/rtsp:\/\/\w+:password@192\.168\.1\.\d+\/stream1?/g, cameraUrl)
    .replace('source=rtsp://...', `source=${cameraUrl}`)
    .replace(/(127\.0\.0\.1)?:8090/g, `$1:${port}`)
    .replace(':5555', ':*')
    .replace(':5556', ':*')
    .replaceAll('10.0.0.5', lanAddress ?? 'none')
    .replace('FRAMEGATE_TOKEN=...', `FRAMEGATE_TOKEN=${gateway?.token}`)
    .replace('PORT_OFFSET=100', `PORT_OFFSET=${OFFSET}`)
    .replace(/^journalctl -u framegated -o cat( --since today)?/, `cat ${gateway?.process.logFile}`)
    .replace('"hall"', '"lobby-1"')
    .replace('car-detection.mp4', FOOTAGE ?? 'none')
    .replace(/^pkill -HUP/, 'pgrep') // It would reach gateways of other tests.
}
// Default ports go from 8000 to 9997: these are above those of freePort(), and below the kernel's.
const OFFSET = 22300 + (process.pid % 40) * 10

const whyNot = (line: string): string | null => {
  const [, program = ''] = /(?:^|\| )(jq|ss|curl|openssl|pgrep)\b/.exec(line) ?? []
  if (program !== '' && spawnSync('which', [program]).status !== 0) return `${program} is not installed`
  if (line.includes('--file none')) return 'the footage is not there'
  return lanAddress === undefined && line.includes('GATEWAY_BASE') ? 'this machine has no network' : null
}

let shared: PageGateway | null = null

for (const page of PAGES) {
  const lines = shellLines(readFileSync(join(ROOT, page), 'utf8'))
  if (lines.length === 0) continue
  t.test(page, async (t) => {
    let own: PageGateway | null = null
    const exported: Record<string, string> = {}
    for (const written of lines) {
      const elsewhere = ELSEWHERE.find(([pattern]) => pattern.test(written))
      if (elsewhere) {
        t.ok(existsSync(join(ROOT, elsewhere[1])), `${written}: run by ${elsewhere[1]}`)
        continue
      }
      if (/npm start( -- --demo)?$/.test(written)) {
        await own?.process.stop()
        own = await PageGateway.start(here(written, null))
        t.pass(written)
        continue
      }
      if (written.startsWith('build/Release/test-camera')) {
        const line = here(written, null)
        if (whyNot(line)) {
          t.pass(written, { skip: whyNot(line)! })
          continue
        }
        const testCamera = new Running(line.includes('--port') ? line : `${line} --port 0`, environment)
        t.match(await testCamera.address(), /^rtsp:/, written)
        await testCamera.stop()
        continue
      }
      const gateway: PageGateway = own ?? (shared ??= await PageGateway.start('npm start'))
      if (!written.includes('cameras/start')) await gateway.addCameras()
      const line = here(written, gateway)
      if (whyNot(line)) {
        t.pass(written, { skip: whyNot(line)! })
        continue
      }
      if (line.startsWith('export ')) {
        for (const name of ['clients/line-3.key_secret', 'gateway.key'])
          copyFileSync(join(folder, 'keys', name), join(folder, basename(name)))
        for (const [, name = '', value = ''] of line.matchAll(/(\w+)=(\S+)/g)) exported[name] = value
        continue
      }
      const env = {
        // On another machine there is no lane.
        FRAMEGATE_TRANSPORT: written.includes('CURVE') ? 'zmq' : 'lane',
        GATEWAY_BASE: `http://127.0.0.1:${gateway.port}`,
        TOKEN: gateway.token,
        ...exported,
      }
      const { status, output } = await run(line, env)
      const allowed = line.startsWith('df ') ? [0, 1] : [0] // One of its two folders.
      if (!t.ok(allowed.includes(status), written)) t.comment(output)
      for (const [pattern, expected] of EXPECTED) if (pattern.test(line)) t.match(output, expected, written)
    }
    await own?.process.stop()
  })
}

t.test('a line that fails is noticed', async (t) => {
  const gateway = shared!
  for (const wrong of ['curl http://127.0.0.1:8090/camera/lobby-1', 'framegated cheque', 'framegate-run nothing.py'])
    t.not((await run(here(wrong, gateway), {})).status, 0, wrong)
})

async function run(line: string, env: Record<string, string>): Promise<{ status: number; output: string }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', line], {
    cwd: folder,
    env: { ...environment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const status = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)))
  return { status, output }
}

/** The folder in which a reader works: the checkout's files, the programs of an installation, and the reader's own. */
function makeCheckout(): void {
  for (const name of ['package.json', 'bin', 'scripts', 'dist', 'build', 'node_modules', 'clients', 'packaging'])
    symlinkSync(join(ROOT, name), join(folder, name))
  mkdirSync(join(folder, 'commands'))
  mkdirSync(join(folder, 'your'))
  const python = (module: string) =>
    `#!/bin/sh\nexec "${PYTHON}" -c 'import sys; from framegate.${module} import main; sys.argv[0] = "${module}"; sys.exit(main())' "$@"\n`
  const detect = `import sys, cv2
source = next(word for word in sys.argv if "rtsp://" in word).split("source=")[-1]
capture = cv2.VideoCapture(source)
assert all(capture.read()[0] for _ in range(3)), "no frame"
print("3 frames over", capture.transport)
`
  const files: Record<string, string> = {
    'commands/framegated': `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`,
    'commands/framegate': python('cli'),
    'commands/framegate-run': python('run'),
    'commands/python3': `#!/bin/sh\nexec "${PYTHON}" "$@"\n`,
    'commands/curl': '#!/bin/sh\nPATH="${PATH#*:}" exec curl --fail-with-body --max-time 30 "$@"\n',
    'commands/yolo': `#!${PYTHON}\n${detect}`,
    'detect.py': detect,
    'your_program.py': 'import sys\nprint(*sys.argv[1:])\n',
    'program.py': `from framegate import open_capture
capture = open_capture("${cameraUrl}", name="lobby-1", timeout_ms=20000)
assert all(capture.read()[0] for _ in range(3)), capture.last_error
print("3 frames over", capture.transport)
`,
    'your/module.py': 'import sys\nprint(*sys.argv[1:])\n',
    'framegate.yaml': readFileSync(join(ROOT, 'packaging/framegate.yaml'), 'utf8'),
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
  for (const name of readdirSync(join(folder, 'commands'))) chmodSync(join(folder, 'commands', name), 0o755)
}
