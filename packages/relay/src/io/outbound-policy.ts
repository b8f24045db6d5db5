import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { canonicalIpv6 } from 'msrp/wire'
import type { OutboundSettings } from '../config/index.ts'
import { isLoopback, networkSet } from '../config/network.ts'
import { embeddedIpv4 } from './embedded-ipv4.ts'

/** An address and port that this relay accepts connections on. */
export interface BoundListener {
  /** Numeric; `0.0.0.0` and `::` stand for every address of this machine. */
  readonly host: string
  readonly port: number
}

/** Why the relay does not connect to an address. */
export type Denial =
  | 'not-an-address'
  | 'own-listener'
  | 'denied-by-setting'
  | 'metadata-service'
  | 'unspecified'
  | 'loopback'
  | 'link-local'
  | 'multicast'
  | 'broadcast'
  | 'private-network'

/**
 * Decides whether the relay connects to an address. Peers are named by users, so without this anybody with an account
 * could reach, in the relay's name, what only the relay's own machine and network can reach.
 */
export class OutboundPolicy {
  readonly #settings: OutboundSettings
  readonly #listeners: readonly BoundListener[]
  readonly #allow: ReturnType<typeof networkSet>
  readonly #deny: ReturnType<typeof networkSet>
  readonly #localAddresses: () => readonly string[]

  /** @param listeners where the relay listens, with the ports it really got */
  constructor(
    settings: OutboundSettings,
    listeners: readonly BoundListener[],
    localAddresses: () => readonly string[] = interfaceAddresses,
  ) {
    this.#settings = settings
    this.#listeners = listeners
    this.#allow = networkSet(settings.allow)
    this.#deny = networkSet(settings.deny)
    this.#localAddresses = localAddresses
  }

  /**
   * Why `address` is not connected to; undefined when it may be. For resolved addresses, one at a time, immediately
   * before connecting to that very address: a name may point elsewhere a moment later.
   */
  denial(address: string, port: number): Denial | undefined {
    const plain = plainAddress(address)
    if (plain === undefined) return 'not-an-address'
    // Through a translator or tunnel an IPv6 address ends at the IPv4 address inside it: both have to pass.
    const inside = embeddedIpv4(plain)
    for (const candidate of inside === undefined ? [plain] : [inside, plain]) {
      const denial = this.#denial(candidate, port)
      if (denial !== undefined) return denial
    }
    return undefined
  }

  #denial(address: string, port: number): Denial | undefined {
    // RFC 4976 knows relays that are in a path twice, but no relay that connects to itself: that would be a loop.
    if (this.#listeners.some((listener) => listener.port === port && this.#reaches(address, listener.host))) {
      return 'own-listener'
    }
    if (holds(this.#deny, address)) return 'denied-by-setting'
    if (holds(metadataServices, address)) return 'metadata-service'
    if (holds(this.#allow, address)) return undefined
    const denial = classes.find(([, networks]) => holds(networks, address))?.[0]
    if (denial === 'loopback' && this.#settings.allowLoopback) return undefined
    if (denial === 'private-network' && this.#settings.allowPrivate) return undefined
    return denial
  }

  /** True when a connection to `address` ends at a listener on `host`. */
  #reaches(address: string, host: string): boolean {
    // Connecting to the unspecified address is connecting to this machine.
    if (isUnspecified(address)) return true
    if (!isUnspecified(host)) return address === plainAddress(host)
    return isLoopback(address) || this.#localAddresses().some((local) => plainAddress(local) === address)
  }
}

// Cloud machines tell their secrets to whoever asks at these addresses; some lie outside the link-local network.
const metadataServices = networkSet([
  '169.254.169.254',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
])

const classes: readonly (readonly [Denial, ReturnType<typeof networkSet>])[] = [
  ['unspecified', networkSet(['0.0.0.0/8', '::'])],
  ['loopback', networkSet(['127.0.0.0/8', '::1'])],
  ['link-local', networkSet(['169.254.0.0/16', 'fe80::/10'])],
  ['multicast', networkSet(['224.0.0.0/4', 'ff00::/8'])],
  // With the reserved range around it, which nobody has got addresses from.
  ['broadcast', networkSet(['240.0.0.0/4'])],
  [
    'private-network',
    networkSet([
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '100.64.0.0/10',
      '192.0.0.0/24',
      '198.18.0.0/15',
      'fc00::/7',
      'fec0::/10',
      '64:ff9b:1::/48',
    ]),
  ],
]

function holds(networks: ReturnType<typeof networkSet>, address: string): boolean {
  return networks.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}

function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** One spelling for each address: no zone, IPv6 in its short form, IPv4-mapped as the IPv4 address that it is. */
function plainAddress(address: string): string | undefined {
  const [numeric = ''] = address.split('%')
  if (isIP(numeric) === 4) return numeric
  const canonical = isIP(numeric) === 6 ? canonicalIpv6(numeric) : undefined
  if (canonical === undefined) return undefined
  return canonical.startsWith('::ffff:') && embeddedIpv4(canonical) !== undefined ? embeddedIpv4(canonical) : canonical
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address))
}
