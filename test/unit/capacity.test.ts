// How many cameras a gateway takes, by its settings and by what the system allows its process.

import t from 'tap'
import { cameraLimit, enterSession } from '../../src/cameras/capacity.js'
import { SETTINGS } from '../../src/settings.js'

const byDefault = SETTINGS.maxCameras.fallback()

t.test('120 cameras need no setting where a system allows what is usual', async (t) => {
  const usual = {
    'a login of Debian, where Node.js raises the soft limit': { descriptors: 1_048_576, threads: Infinity },
    'a service of systemd with packaging/systemd': { descriptors: 16_384, threads: 4915 },
    'a container of Docker': { descriptors: 1_048_576, threads: Infinity },
    'an older login': { descriptors: 4096, threads: 30_000 },
  }
  for (const [name, limits] of Object.entries(usual)) t.ok(cameraLimit(byDefault, limits) >= 120, name)
})

t.test('a process that may have little takes fewer cameras, but one at least', async (t) => {
  t.equal(cameraLimit(byDefault, { descriptors: 1024, threads: Infinity }), 35)
  t.equal(cameraLimit(byDefault, { descriptors: Infinity, threads: 320 }), 20)
  t.equal(cameraLimit(byDefault, { descriptors: 64, threads: 64 }), 1)
})

t.test('MAX_CAMERAS lowers the number and never raises it over the limits', async (t) => {
  t.equal(cameraLimit(2, { descriptors: Infinity, threads: Infinity }), 2)
  t.equal(cameraLimit(1000, { descriptors: 1024, threads: Infinity }), 35)
})

t.test(
  'a session begins only with descriptors and threads in reserve, for the connections that arrive meanwhile',
  async (t) => {
    const begin = (left: { descriptors: number; threads: number }) => () =>
      enterSession(
        (descriptors, threads) =>
          descriptors > left.descriptors ? 'descriptors' : threads > left.threads ? 'threads' : null,
        Infinity,
        false,
      )()
    begin({ descriptors: 48, threads: 16 })()
    t.throws(begin({ descriptors: 16, threads: 1000 }), {
      code: 'ERR_PIPELINE_BUILD',
      message: /short of file descriptors \(ulimit -n\)/,
    })
    t.throws(begin({ descriptors: 1000, threads: 14 }), { code: 'ERR_PIPELINE_BUILD', message: /short of threads/ })
  },
)
