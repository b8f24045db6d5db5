import { BlockList, isIP } from 'node:net'

/** A range of addresses, such as `192.0.2.0/24` or `2001:db8::/32`. */
export interface Network {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

/** Reads `ADDRESS/PREFIX`, or a single `ADDRESS`; undefined when it is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  const bits = version === 4 ? 32 : 128
  if (version === 0 || address.includes('%') || rest.length > 0) return undefined
  if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)) return undefined
  return { address, prefix: prefix === undefined ? bits : Number(prefix), family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** A set of networks that addresses can be looked up in. */
export function networkSet(networks: Iterable<string | Network>): BlockList {
  const set = new BlockList()
  for (const entry of networks) {
    const network = typeof entry === 'string' ? parseNetwork(entry) : entry
    if (network !== undefined) set.addSubnet(network.address, network.prefix, network.family)
  }
  return set
}

/** Whether an address is in one of the networks; its zone, as in `fe80::1%eth0`, does not count. False for what is none. */
export function isWithin(networks: BlockList, address: string): boolean {
  const [plain = ''] = address.split('%')
  const version = isIP(plain)
  return version !== 0 && networks.check(plain, version === 4 ? 'ipv4' : 'ipv6')
}

const loopback = networkSet(['127.0.0.0/8', '::1'])

/** True for an address that only this machine reaches: 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return isWithin(loopback, address)
}
