import { isIP } from 'node:net'
import { MsrpError } from '../wire/index.ts'
import { type DnsOptions, dnsAddresses, openDns, saysThereIsNone } from './dns-addresses.ts'
import { HostsFile } from './hosts-file.ts'
import { nodeRandom } from './node-crypto.ts'
import { errorCode, socketReason } from './socket-error.ts'
import { orderSrv, type SrvRecord, uniform } from './srv-order.ts'
import { systemAddresses } from './system-addresses.ts'

/** Names to addresses and to services. Passed in wherever names are resolved, so that tests and `--resolve` can answer. */
export interface Resolver {
  /**
   * The addresses of a host (numeric, no brackets) in the order in which to try them; never empty.
   * A numeric host is its own address. Throws MsrpError `unreachable` when there is none. `signal`: nobody waits for it
   * any more.
   */
  lookup(host: string, signal?: AbortSignal): Promise<readonly string[]>
  /**
   * The targets of a service, such as `_msrps._tcp.example.com`, in the order in which to try them (RFC 2782).
   * Empty when there is no such record or DNS gave no answer: the caller goes on with the domain itself.
   * Throws MsrpError `unreachable` when the domain says that it does not offer the service (target `.`).
   */
  resolveSrv(name: string): Promise<readonly SrvTarget[]>
}

/** One server of a service. */
export interface SrvTarget {
  readonly host: string
  readonly port: number
}

/** What `nodeResolver` takes. */
export interface NodeResolverOptions {
  /** Names with a fixed address (numeric, or several), asked before anything else. Case is ignored. */
  readonly resolve?: Readonly<Record<string, string | readonly string[]>>
  /**
   * Addresses of the DNS servers to ask, as `dns.setServers` takes them; what they do not know is not known then. Default:
   * the system's, and the system itself where these know no address.
   */
  readonly servers?: readonly string[]
  /** The hosts file. Default: the machine's. */
  readonly hostsFile?: string
  /** How long one query may take, in ms. Default 3 000, tried twice. */
  readonly timeout?: number
}

/** The machine's resolver: fixed names, then localhost, the hosts file, DNS, and what else the system knows. */
export function nodeResolver(options: NodeResolverOptions = {}): Resolver {
  const fixed = new Map<string, readonly string[]>()
  for (const [name, address] of Object.entries(options.resolve ?? {})) fixed.set(key(name), checked(name, address))
  const dns: DnsOptions = { servers: options.servers, timeout: options.timeout ?? 3_000 }
  const hosts = new HostsFile(options.hostsFile)

  return {
    async lookup(host: string, signal?: AbortSignal): Promise<readonly string[]> {
      const known = fixed.get(key(host))
      if (known) return known
      if (isIP(host) !== 0) return [host]
      // RFC 6761 §6.3: localhost and names below it are this machine, whatever DNS says.
      if (/(^|\.)localhost$/.test(key(host))) return ['::1', '127.0.0.1']
      const listed = await hosts.addresses(key(host))
      if (listed.length > 0) return listed
      try {
        return await dnsAddresses(host, dns, signal).catch((cause: unknown) => {
          // Not when DNS is silent or fails: the system would ask it again, and could not be told to leave it.
          const absent = saysThereIsNone(cause) || errorCode(cause) === 'ECONNREFUSED'
          if (options.servers || !absent) throw cause
          return systemAddresses(host, signal)
        })
      } catch (cause) {
        throw new MsrpError('unreachable', `cannot find the address of ${host}: ${socketReason(cause)}`, { cause })
      }
    },

    async resolveSrv(name: string): Promise<readonly SrvTarget[]> {
      let records: readonly SrvRecord[]
      try {
        records = await openDns(dns).resolveSrv(name)
      } catch (cause) {
        // No record, no domain, no answer: all mean to go on without (RFC 4976 §5.1 names A and AAAA as what follows).
        if (errorCode(cause) === '') throw cause
        return []
      }
      const [only] = records
      if (records.length === 1 && (only?.name === '.' || only?.name === '')) {
        throw new MsrpError('unreachable', `DNS says that ${name} is not offered: no server for it exists`)
      }
      return orderSrv(records, uniform(nodeRandom)).map(({ name: host, port }) => ({ host: key(host), port }))
    },
  }
}

/** Names compare without case and without the dot at their end. */
function key(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

function checked(name: string, address: string | readonly string[]): readonly string[] {
  const addresses = typeof address === 'string' ? [address] : address
  const plain = addresses.map((one) => one.replace(/^\[(.*)\]$/, '$1'))
  const bad = plain.find((one) => isIP(one) === 0)
  if (plain.length > 0 && bad === undefined) return plain
  throw new MsrpError('invalid-argument', `resolve: ${name} needs a numeric IPv4 or IPv6 address, not "${bad ?? ''}"`)
}
