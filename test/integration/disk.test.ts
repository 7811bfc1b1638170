// The disk with the state file: full, read-only, and writable again. It is a file system of 32 KiB that only the
// gateway sees, and that ends with it.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { Gateway } from '../helpers/gateway.js'
import { temporaryFolder } from '../helpers/paths.js'
import { TestCamera } from '../helpers/test-camera.js'
import { until } from '../helpers/wait.js'

const root = process.getuid?.() === 0
const unshare = ['unshare', ...(root ? ['-m'] : ['-rm'])]
const possible = spawnSync(unshare[0]!, [...unshare.slice(1), 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0

t.test(
  'with a full or read-only disk the gateway reports it, cameras keep running, and the list is saved later',
  { skip: possible ? false : 'this machine does not allow new namespaces' },
  async (t) => {
    const folder = temporaryFolder(t)
    const stateFile = join(folder, 'cameras.json')
    const mount = 'mount -t tmpfs -o size=32k tmpfs "$0" && exec "$@"'
    const gateway = await Gateway.start({ stateFile, mediamtx: 'off', within: [...unshare, 'sh', '-c', mount, folder] })
    t.teardown(() => gateway.stop())
    const cameras = await Promise.all([1, 2, 3].map(() => TestCamera.start({ width: 320, height: 176, fps: 10 })))
    t.teardown(() => Promise.all(cameras.map((camera) => camera.stop())))
    const inside = (path: string) => `/proc/${gateway.pid}/root${path}`
    const read = (suffix: string) => JSON.parse(readFileSync(inside(`${stateFile}${suffix}`), 'utf8'))
    const saved = () => read('').cameras.map((camera: { name: string }) => camera.name)
    const start = (i: number) => gateway.post('/cameras/start', { name: `cam-${i}`, rtsp: cameras[i]!.url })
    const problem = async () => (await gateway.get('/health')).body.state_file.problem

    t.equal((await start(0)).status, 200)
    t.strictSame(saved(), ['cam-0'])
    t.notOk(existsSync(stateFile), 'the file is on the small disk')

    // A write in progress would leave room on the disk: its temporary file replaces another.
    await gateway.untilState('cam-0', 'live')
    await until('all to be written', () => {
      const [list, copy, { starting }] = [read(''), read('.copy'), read('.starts')]
      const temporary = readdirSync(inside(folder)).some((name) => name.endsWith('.tmp'))
      return starting.length === 0 && !list.cameras[0].never_live && isDeepStrictEqual(list, copy) && !temporary
    })
    // Fills the disk; the last write fails.
    t.throws(() => writeFileSync(inside(join(folder, 'full')), Buffer.alloc(1 << 20)), { code: 'ENOSPC' })
    t.equal((await start(1)).status, 200)
    await gateway.untilState('cam-1', 'live')
    await until('the full disk to be reported', async () => /cannot be written .*ENOSPC/.test(await problem()))
    t.strictSame(saved(), ['cam-0'], 'the last complete list is still on disk')
    t.strictSame(read('.starts').starting, [], 'and so are the marks of starts')
    rmSync(inside(join(folder, 'full')))
    await until('the list to be saved', () => saved().length === 2)
    await until('the problem to be over', async () => (await problem()) === null)

    const remount = (how: string) =>
      spawnSync('nsenter', [
        '-t',
        String(gateway.pid),
        ...(root ? [] : ['-U', '--preserve-credentials']),
        '-m',
        '-r',
        'mount',
        '-o',
        `remount,${how}`,
        folder,
      ])
    t.equal(remount('ro').status, 0)
    t.equal((await start(2)).status, 200)
    await gateway.untilState('cam-2', 'live')
    await until('the read-only disk to be reported', async () => /cannot be written .*EROFS/.test(await problem()))
    t.equal(remount('rw').status, 0)
    await until('the list to be saved', () => saved().length === 3)
    t.equal(gateway.log.match(/cannot be written/g)?.length, 2, 'logged once each time')
  },
)
