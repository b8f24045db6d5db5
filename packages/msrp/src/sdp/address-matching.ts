import { canonicalIpv6, isNumericHost, type MsrpUri } from '../wire/index.ts'
import type { MessageDescription, NegotiationOptions } from './api.ts'

/** The discard port, which stands in the m-line of those who only connect (RFC 4145 §4.1). */
export const DISCARD_PORT = 9

/**
 * Whether c- and m-line say the same as one of the URIs in the path (RFC 6714 §4.4). If they do not, a middlebox has put its
 * own address there. A description without c-line says nothing else than its path.
 */
export async function fitsPath(
  { address, port, path, setup }: MessageDescription,
  lookup: NegotiationOptions['lookup'],
): Promise<boolean> {
  if (address === undefined) return true
  for (const uri of path) {
    const samePort = uri.port === port || (port === DISCARD_PORT && setup === 'active')
    if (samePort && (await sameHost(address, uri, lookup))) return true
  }
  return false
}

async function sameHost(address: string, uri: MsrpUri, lookup: NegotiationOptions['lookup']): Promise<boolean> {
  const [one, other] = [canonical(address), canonical(uri.host)]
  if (one === other) return true
  if (isNumericHost(one) && isNumericHost(other)) return false
  if (lookup === undefined) return true
  const [first, second] = await Promise.all([addressesOf(one, lookup), addressesOf(other, lookup)])
  return first.some((found) => second.includes(found))
}

async function addressesOf(
  host: string,
  lookup: NonNullable<NegotiationOptions['lookup']>,
): Promise<readonly string[]> {
  if (isNumericHost(host)) return [host]
  try {
    return (await lookup(host)).map(canonical)
  } catch {
    // A name that leads nowhere is no address that would be the same.
    return []
  }
}

function canonical(host: string): string {
  return canonicalIpv6(host) ?? host.toLowerCase()
}
