// Which hosts the gateway connects to as cameras. It judges the addresses that a name resolves to, and connects to one
// of those.

import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { SourceError } from '../errors.js'
import { hostOf, splitAddress, type CameraUrl } from './camera-url.js'

/** Never cameras: this network, link-local (cloud metadata too), multicast, reserved. */
const NEVER = [
  ...['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4', '100.100.100.200/32', '192.0.0.192/32'],
  ...['::/128', 'fe80::/10', 'ff00::/8', 'fd00:ec2::254/128'],
]
const LOOKUP_LIMIT_MS = 4000
const CIDR = /^([0-9a-f.:]+)\/(\d{1,3})$/i
const NAME = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i

/** An entry of CAMERA_HOSTS: a name, `*.` and a name, an address, or a network such as 10.0.0.0/8. */
export function isHostRule(text: string): boolean {
  const [, address = '', bits = ''] = CIDR.exec(text) ?? []
  if (address !== '') return isIP(address) > 0 && Number(bits) <= (isIP(address) === 4 ? 32 : 128)
  return isIP(text) > 0 || NAME.test(text)
}

function networks(rules: string[]): BlockList {
  const list = new BlockList()
  for (const rule of rules) {
    const [, address = rule, bits] = CIDR.exec(rule) ?? []
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(address) > 0) list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return list
}

const never = networks(NEVER)

export class CameraHosts {
  readonly #names: string[]
  readonly #networks: BlockList

  /** @param rules CAMERA_HOSTS; empty: all hosts that can be cameras. */
  constructor(
    readonly rules: string[],
    readonly resolve: (name: string) => Promise<string[]> = resolveAll,
  ) {
    this.#names = rules.map((rule) => rule.toLowerCase().replace(/\.$/, '')).filter((rule) => isIP(rule) === 0)
    this.#networks = networks(rules)
  }

  /** For an answer without name resolution. @throws SourceError ERR_CAMERA_HOST if the host is refused in any case. */
  check(url: CameraUrl): void {
    const host = nameOf(url)
    if (isIP(host) > 0) this.#judge(url, [host])
    else if (
      this.rules.length > 0 &&
      !this.#allowsName(host) &&
      !this.rules.some((rule) => CIDR.test(rule) || isIP(rule))
    )
      throw refused(url, 'it is not in CAMERA_HOSTS')
  }

  /**
   * Resolves the host, once for each session.
   * @param attempt selects one of several addresses.
   * @returns the address with its host replaced by the IP address. With rtsps the name stays: the certificate has it.
   * @throws SourceError ERR_CAMERA_HOST, ERR_SOURCE_UNKNOWN_HOST
   */
  async resolved(url: CameraUrl, attempt: number): Promise<CameraUrl> {
    const host = nameOf(url)
    const addresses = isIP(host) > 0 ? [host] : await this.resolve(host).catch(() => [])
    if (addresses.length === 0)
      throw new SourceError('ERR_SOURCE_UNKNOWN_HOST', `the host name of ${hostOf(url)} cannot be resolved`)
    this.#judge(url, addresses)
    if (isIP(host) > 0 || url.key.startsWith('rtsps:')) return url
    // Most cameras have IPv4 only, also where a name has both.
    const ordered = [...addresses].sort((a, b) => isIP(a) - isIP(b))
    const address = ordered[attempt % ordered.length]!
    const literal = isIP(address) === 6 ? `[${address}]` : address
    return { ...url, key: url.key.replace(/^(rtsps?:\/\/)[^/?:]*/, `$1${literal}`) }
  }

  #judge(url: CameraUrl, addresses: string[]): void {
    for (const address of addresses) {
      if (contains(never, address)) throw refused(url, `${address} is a link-local, multicast or reserved address`)
      if (this.rules.length === 0 || this.#allowsName(nameOf(url)) || contains(this.#networks, address)) continue
      throw refused(url, 'it is not in CAMERA_HOSTS')
    }
  }

  #allowsName(host: string): boolean {
    return this.#names.some((rule) => (rule.startsWith('*.') ? host.endsWith(rule.slice(1)) : host === rule))
  }
}

function contains(list: BlockList, address: string): boolean {
  // Knows IPv4 addresses that are mapped into IPv6, too.
  const [plain = ''] = address.split('%', 1)
  return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}

function nameOf(url: CameraUrl): string {
  return splitAddress(url).host.replace(/\.$/, '')
}

function refused(url: CameraUrl, why: string): SourceError {
  return new SourceError('ERR_CAMERA_HOST', `${hostOf(url)} is refused: ${why}`)
}

async function resolveAll(name: string): Promise<string[]> {
  const late = pause(LOOKUP_LIMIT_MS, [], { ref: false })
  return (await Promise.race([lookup(name, { all: true }), late])).map(({ address }) => address)
}
