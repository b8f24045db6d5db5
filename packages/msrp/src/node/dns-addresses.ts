import { Resolver as DnsResolver } from 'node:dns/promises'
import { errorCode } from './socket-error.ts'

/**
 * How long the answer for one family is waited for when there are addresses of the other. Milliseconds. RFC 8305 §3 has
 * 50, but goes on listening after that; here the addresses are handed on once.
 */
const OTHER_FAMILY = 500

/** How DNS is asked. */
export interface DnsOptions {
  /** Addresses of the servers, as `dns.setServers` takes them. Default: the system's, as they are now. */
  readonly servers?: readonly string[] | undefined
  /** How long one query may take, in ms; each is tried twice. */
  readonly timeout: number
}

/** Something that asks DNS, and can be told to leave it: one for each look-up, since it is told for all it asks. */
export function openDns({ servers, timeout }: DnsOptions): DnsResolver {
  const dns = new DnsResolver({ timeout, tries: 2 })
  if (servers) dns.setServers(servers)
  return dns
}

/**
 * A name's addresses (AAAA, then A) from DNS; never empty. Not by getaddrinfo: that keeps one of the process's few
 * threads for as long as DNS is silent, whoever has given up meanwhile, so that a handful of silent names would keep
 * everybody from looking up any. Rejects with the error of node:dns.
 */
export async function dnsAddresses(host: string, options: DnsOptions, signal?: AbortSignal): Promise<string[]> {
  signal?.throwIfAborted()
  const dns = openDns(options)
  const cancel = (): void => dns.cancel()
  let late: NodeJS.Timeout | undefined
  signal?.addEventListener('abort', cancel)
  const ask = async (query: Promise<string[]>): Promise<{ addresses: string[]; cause?: unknown }> => {
    try {
      const addresses = await query
      if (addresses.length > 0) late ??= setTimeout(cancel, OTHER_FAMILY)
      return { addresses }
    } catch (cause) {
      return { addresses: [], cause }
    }
  }
  try {
    const answers = await Promise.all([ask(dns.resolve6(host)), ask(dns.resolve4(host))])
    const addresses = answers.flatMap((answer) => answer.addresses)
    if (addresses.length > 0) return addresses
    const causes = answers.flatMap(({ cause }) => cause ?? [])
    // That there is no address of one family says less than why there is no answer for the other.
    throw causes.find((cause) => !saysThereIsNone(cause)) ?? causes.at(-1)
  } finally {
    clearTimeout(late)
    signal?.removeEventListener('abort', cancel)
  }
}

/** DNS answered, and has no address for the name. */
export function saysThereIsNone(cause: unknown): boolean {
  return ['ENOTFOUND', 'ENODATA'].includes(errorCode(cause))
}
