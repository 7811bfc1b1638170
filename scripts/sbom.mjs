// Writes a CycloneDX 1.5 list of what a Framegate box runs, as JSON, to standard output: npm packages, the libraries in
// the page, MediaMTX, the Python client's packages, and the Debian packages with the versions that this machine has.
//   npm run --silent sbom > framegate.cdx.json

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packages as debianPackages, queryFormat } from './setup/debian-packages.mjs'
import { npmCommand } from './setup/npm-packages.mjs'
import { must, run } from './setup/run.mjs'
import { root } from './setup/stamp.mjs'

const read = (name) => readFileSync(join(root, name), 'utf8')
const { name, version, license } = JSON.parse(read('package.json'))

/** What Vite bundles into the page. npm lists them as development packages. */
const BUNDLED = ['react', 'react-dom', 'scheduler', 'hls.js', 'swagger-ui-dist']

function component(purl, name, version, rest = {}) {
  return { type: 'library', 'bom-ref': purl, name, version, purl, ...rest }
}

function bundled() {
  const { packages } = JSON.parse(read('package-lock.json'))
  return BUNDLED.map((name) => {
    const { version, license, integrity } = packages[`node_modules/${name}`]
    const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
    const rest = { licenses: [{ license: { id: license } }], hashes: [{ alg: 'SHA-512', content }] }
    return component(`pkg:npm/${name}@${version}`, name, version, rest)
  })
}

function mediamtx() {
  const { go, hlsjs } = JSON.parse(read('scripts/setup/mediamtx-pins.json'))
  const version = /LEAST_VERSION = '([\d.]+)'/.exec(read('src/mediamtx/binary.ts'))[1]
  const properties = [{ name: 'golang:sum', value: go.sum }]
  const parts = [component(`pkg:npm/hls.js@${hlsjs.version}`, 'hls.js', hlsjs.version)]
  const purl = `pkg:golang/${go.module}@v${version}`
  return component(purl, 'mediamtx', `v${version}`, { type: 'application', properties, components: parts })
}

/** The client's own requirements, in the versions that the tests use. */
function python() {
  const wanted = read('clients/python/requirements.txt').match(/^[\w-]+/gm)
  return wanted.map((name) => {
    // The last entry is the one for the newest Python.
    const entry = read('test/python/requirements.lock')
      .split(/^(?=[a-z])/im)
      .findLast((text) => text.startsWith(`${name}==`))
    const version = /==(\S+)/.exec(entry)[1]
    return component(`pkg:pypi/${name}@${version}`, name, version)
  })
}

/** Without versions where dpkg does not know them. */
async function debian() {
  const format = queryFormat.replace(' ', ' ${Version} ')
  const { stdout } = await run('dpkg-query', ['-W', `-f=${format}`, ...debianPackages])
  const versions = new Map(stdout.split('\n').map((line) => line.split(' ').slice(0, 2)))
  return debianPackages.map((name) => {
    const version = versions.get(name)
    return component(`pkg:deb/debian/${name}${version ? `@${encodeURIComponent(version)}` : ''}`, name, version)
  })
}

const [npm, ...first] = npmCommand()
const { stdout } = await must('npm could not list the packages.', npm, [
  ...[...first, 'sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--omit', 'dev', '--prefix', root],
])
const bom = JSON.parse(stdout)
const rootRef = bom.metadata.component['bom-ref']
const self = component(`pkg:npm/${name}@${version}`, name, version, { licenses: [{ license: { id: license } }] })
bom.metadata.component = { ...self, type: 'application', 'bom-ref': rootRef }
bom.components.push(...bundled(), mediamtx(), ...python(), ...(await debian()))
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`)
