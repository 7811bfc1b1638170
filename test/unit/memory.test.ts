// How much memory is left, and what the gateway refuses when that is little.

import { setImmediate as soon } from 'node:timers/promises'
import t from 'tap'
import { cameraSettings } from '../../src/camera-settings.js'
import { enterSession, expectMemory, shortForRenditions } from '../../src/cameras/capacity.js'
import { decodingMb, renditionMb } from '../../src/cameras/encoding-memory.js'
import { Encoding } from '../../src/cameras/encoding.js'
import { FrameHub } from '../../src/frames/frame-hub.js'
import { ReaderLimits } from '../../src/http/reader-limits.js'
import { memoryLeftMb, memoryLimitMb } from '../../src/memory.js'
import type { Lane, Pipeline, Rendition } from '../../src/native.js'

const MIB = 1024 * 1024
const reads = (files: Record<string, string | number>) => (path: string) => String(files[path] ?? '')

t.test('no limit: nothing is short', async (t) => {
  const unlimited = {
    'nothing can be read': {},
    'the machine has little left': { '/proc/meminfo': 'MemAvailable: 1000 kB\n', '/proc/self/cgroup': '0::/\n' },
    'cgroup v2 without a limit': {
      '/proc/self/cgroup': '0::/user.slice/a.scope\n',
      '/sys/fs/cgroup/user.slice/a.scope/memory.max': 'max\n',
      '/sys/fs/cgroup/user.slice/a.scope/memory.current': `${900 * MIB}\n`,
    },
    'a limit without a usage': { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': `${MIB}\n` },
    'ulimit -v unlimited': {
      '/proc/self/limits': 'Max address space         unlimited            unlimited            bytes\n',
      '/proc/self/status': 'VmSize:  1024000 kB\n',
    },
  }
  for (const [name, files] of Object.entries(unlimited)) t.equal(memoryLeftMb(reads(files)), Infinity, name)
  const v1 = {
    '/proc/self/cgroup': '4:memory:/\n',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${900 * MIB}\n`,
  }
  t.ok(memoryLeftMb(reads(v1)) > 1e9, 'cgroup v1 without a limit')
})

t.test('a limit: what is left of the lowest one, without files that are cached', async (t) => {
  const v2 = {
    '/proc/self/cgroup': '0::/system.slice/framegate.service\n',
    '/sys/fs/cgroup/system.slice/memory.max': `${1000 * MIB}\n`,
    '/sys/fs/cgroup/system.slice/memory.current': `${300 * MIB}\n`,
    '/sys/fs/cgroup/system.slice/framegate.service/memory.max': `${300 * MIB}\n`,
    '/sys/fs/cgroup/system.slice/framegate.service/memory.current': `${250 * MIB}\n`,
    '/sys/fs/cgroup/system.slice/framegate.service/memory.stat': `active_file ${5 * MIB}\ninactive_file ${20 * MIB}\n`,
  }
  t.equal(memoryLeftMb(reads(v2)), 70)
  t.equal(memoryLimitMb(reads(v2)), 300)
  const full = { ...v2, '/sys/fs/cgroup/system.slice/memory.current': `${990 * MIB}\n` }
  t.equal(memoryLeftMb(reads(full)), 10, 'of a parent that others fill')
  const v1 = {
    '/proc/self/cgroup': '5:cpu,memory:/docker/abc\n0::/\n',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${400 * MIB}\n`,
    '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${100 * MIB}\n`,
    '/sys/fs/cgroup/memory/memory.stat': `inactive_file 1\ntotal_inactive_file ${30 * MIB}\n`,
  }
  t.equal(memoryLeftMb(reads(v1)), 330, 'in a container, where its own path is missing')
  const addresses = {
    '/proc/self/limits': `Max address space         ${3000 * MIB}           unlimited            bytes\n`,
    '/proc/self/status': 'VmSize:  1024000 kB\n',
  }
  t.equal(memoryLeftMb(reads(addresses)), 2000, 'ulimit -v')
})

t.test('a session needs room, a new camera more than one that was live', async (t) => {
  const enter = (leftMb: number, returning: boolean) => enterSession(() => null, leftMb, returning)
  t.throws(() => enter(95, false), { code: 'ERR_PIPELINE_BUILD', message: /short of memory \(.*raise the limit/ })
  enter(96, false)()
  enter(48, true)()
  t.throws(() => enter(47, true), /short of memory/)
  const leave = [enter(Infinity, false), enter(Infinity, false)]
  t.throws(() => enter(127, false), /short of memory/, 'those that have just begun will take memory too')
  for (const end of leave) end()
  for (const end of leave) end()
  enter(96, false)()
})

t.test('renditions need room beside what was granted and is not in use yet', async (t) => {
  t.equal(shortForRenditions(Infinity, 1e6), null)
  t.equal(shortForRenditions(58, 10), null)
  t.match(shortForRenditions(57, 9.5), /short of memory \(.*it needs 10 MB more; .*raise the limit/)
  const taken = expectMemory(20)
  t.match(shortForRenditions(58, 10), /short of memory/)
  t.equal(shortForRenditions(78, 10), null)
  taken()
})

const of = (largestPicture: number, decoderPixels = largestPicture) => ({ largestPicture, decoderPixels })

t.test('the estimate grows with the pictures, and a rendition is no larger than the camera', async (t) => {
  const uhd = { announced: of(3840 * 2160), width: 3840 }
  const hd = { announced: of(1280 * 720), width: 1280 }
  // Measured in all: 4K 81 MB, and 41 MB for a rendition of its own size; 720p 25 and 5 MB.
  for (const [mb, least, most] of [
    [decodingMb(uhd), 80, 120],
    [decodingMb(hd), 20, 40],
    [renditionMb(uhd, 0), 35, 50],
    [renditionMb(uhd, 640), 1, 5],
  ] as const)
    t.ok(mb >= least && mb <= most, `${mb}`)
  t.equal(renditionMb(hd, 7680), renditionMb(hd, 0))
  t.equal(decodingMb({ announced: null, width: null }), decodingMb({ announced: of(1920 * 1080), width: 1920 }))
})

t.test('a camera is decoded within the memory that is left, whatever its pictures turn out to be', async (t) => {
  let leftMb = 140
  const given: { ids: string[]; mostPixels: number | undefined }[] = []
  const pipeline = {
    setRenditions: (list: Rendition[], mostPixels?: number) =>
      given.push({ ids: list.map(({ id }) => id), mostPixels }),
  } as unknown as Pipeline
  const refusedLane: string[] = []
  const lane = { refuse: (topic: string) => refusedLane.push(topic) } as unknown as Lane
  const frames = new FrameHub()
  const settings = cameraSettings.parse({ name: 'a', rtsp: 'rtsp://h/', scaleWidth: 640 })
  const quiet = () => undefined
  const logger = { info: quiet, warn: quiet, error: quiet, debug: quiet }
  const encoding = new Encoding(
    settings,
    { lane, frames, logger },
    () => 3840,
    () => leftMb,
  )
  t.teardown(() => encoding.close())
  frames.read('a', () => undefined)
  await soon()
  t.strictSame(encoding.topics, [], 'nothing is granted before a session begins')
  t.equal(encoding.refused.size, 0)
  encoding.sessionBegins(pipeline)
  t.strictSame(given.at(-1), { ids: ['a'], mostPixels: 1920 * 1080 })
  encoding.picturesAre(of(3840 * 2160))
  t.strictSame(given.at(-1)?.ids, [], 'too large for what is left')
  t.match(encoding.refused.get('a'), /short of memory/)
  t.match(encoding.whyNot('a'), /short of memory/)
  t.ok(refusedLane.includes('a'), 'readers of the lane hear of it')
  leftMb = 400
  encoding.picturesAre(of(3840 * 2160))
  t.strictSame(given.at(-1), { ids: ['a'], mostPixels: 3840 * 2160 })
  t.equal(encoding.refused.size, 0)
  encoding.picturesAre(of(3840 * 2160, 6 * 3840 * 2160))
  t.strictSame(given.at(-1)?.ids, [], 'its decoder keeps too many pictures')
  leftMb = 700
  encoding.picturesAre(of(3840 * 2160, 6 * 3840 * 2160))
  t.strictSame(given.at(-1), { ids: ['a'], mostPixels: 6 * 3840 * 2160 })
  encoding.sessionEnds()
  t.ok(encoding.takesMb > 90, 'the next session needs as much')
  const unlimited = new Encoding(
    settings,
    { lane: null, frames, logger },
    () => null,
    () => Infinity,
  )
  t.teardown(() => unlimited.close())
  unlimited.sessionBegins(pipeline)
  t.strictSame(given.at(-1), { ids: ['a'], mostPixels: Infinity })
})

t.test('HTTP readers are refused while memory is short', async (t) => {
  t.doesNotThrow(() => new ReaderLimits(() => 48).enter(['a']))
  t.throws(() => new ReaderLimits(() => 47).enter(['a']), {
    code: 'ERR_TOO_MANY_READERS',
    message: /short of memory/,
  })
})
