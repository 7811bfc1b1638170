// Which packages are missing, the command that installs them, and apt's progress.

import t from 'tap'

const scripts = new URL('../../../scripts/setup/', import.meta.url)
const { aptFailure, aptProgress, commandFor, missingPackages, packages, queryFormat, testPackages } = await import(
  new URL('debian-packages.mjs', scripts).href
)

t.test('a package is missing unless dpkg-query reports it as installed', async (t) => {
  const output = 'cmake installed\nlibyuv-dev config-files\npython3 half-installed\n'
  t.same(missingPackages(['cmake', 'libyuv-dev', 'python3', 'util-linux'], output), [
    'libyuv-dev',
    'python3',
    'util-linux',
  ])
  t.same(missingPackages(['cmake'], 'cmake installed\ncmake installed\n'), [], 'for two architectures')
  t.same(missingPackages(['cmake', 'python3'], ''), ['cmake', 'python3'])
  t.same(missingPackages(packages, packages.map((name: string) => `${name} installed`).join('\n')), [])
  t.match(queryFormat, '${Package} ${db:Status-Status}\n')
})

t.test('one command installs all of them', async (t) => {
  t.equal(commandFor(['a', 'b'], 'sudo'), 'sudo apt-get update && sudo apt-get install -y --no-install-recommends a b')
  t.equal(commandFor(['a', 'b'], 'root'), 'apt-get update && apt-get install -y --no-install-recommends a b')
  t.equal(commandFor(['a', 'b'], 'su'), "su -c 'apt-get update && apt-get install -y --no-install-recommends a b'")
})

t.test('lists each package once', async (t) => {
  const all = [...packages, ...testPackages]
  t.equal(new Set(all).size, all.length)
})

t.test('progress: the download is the first half', async (t) => {
  t.same(aptProgress('dlstatus:3:50.0000:Retrieving file 3 of 6'), { text: 'downloading', fraction: 0.25 })
  t.same(aptProgress('dlstatus:6:100.0000:Retrieving file 6 of 6'), {
    text: 'downloaded, preparing the installation',
    fraction: 0.5,
  })
  t.same(aptProgress('pmstatus:libyuv-dev:50.0:Unpacking libyuv-dev (amd64)'), {
    text: 'Unpacking libyuv-dev (amd64)',
    fraction: 0.75,
  })
  t.same(aptProgress('pmstatus:libc6:amd64:100:Installed libc6:amd64'), { text: 'Installed libc6:amd64', fraction: 1 })
  t.equal(aptProgress('Reading package lists...'), null)
  t.equal(aptProgress('E: Unable to locate package x'), null)
})

t.test("shows a failure's errors, wherever they are, and its last lines", async (t) => {
  const lines = [
    'Setting up a',
    'dpkg: error processing package a (--configure):',
    ...Array(40).fill('Setting up b'),
    'E: Sub-process returned an error code',
  ]
  const shown = aptFailure(lines).split('\n')
  t.same(shown.slice(0, 2), [
    'dpkg: error processing package a (--configure):',
    'E: Sub-process returned an error code',
  ])
  t.ok(shown.length < 15)
})
