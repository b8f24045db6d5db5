/**
 * Numeric addresses in the authority of a URI (RFC 3986 §3.2.2): recognised without a resolver, and IPv6 addresses
 * brought to one spelling so that equal addresses compare equal.
 */

// Four decimal numbers without leading zeros.
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)

/** Whether a host, IPv6 without brackets, is an address rather than a name. */
export function isNumericHost(host: string): boolean {
  return IPV4.test(host) || canonicalIpv6(host) !== undefined
}

/** The spelling of RFC 5952 (lower case, longest run of zeros compressed), or undefined when it is no IPv6 address. */
export function canonicalIpv6(text: string): string | undefined {
  // The URL standard reads and writes IPv6 addresses as RFC 4291 and RFC 5952 have them, but takes more than those.
  if (!/^[\da-f:.]+$/i.test(text)) return undefined
  const url = `http://[${text}]`
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined
}
