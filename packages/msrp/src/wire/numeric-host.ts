/**
 * Numeric addresses in the authority of a URI (RFC 3986 §3.2.2): recognised without a resolver, and IPv6 addresses
 * brought to one spelling so that equal addresses compare equal.
 */

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)

/** Whether a text is an IPv4 address of four decimal numbers without leading zeros. */
export function isIpv4(host: string): boolean {
  return IPV4.test(host)
}

/** Whether a host, IPv6 without brackets, is an address rather than a name. */
export function isNumericHost(host: string): boolean {
  return isIpv4(host) || parseIpv6(host) !== undefined
}

/** The spelling of RFC 5952 (lower case, longest run of zeros compressed), or undefined when it is no IPv6 address. */
export function canonicalIpv6(text: string): string | undefined {
  const groups = parseIpv6(text)
  if (groups === undefined) return undefined
  let [bestStart, bestLength] = [0, 1]
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > bestLength) [bestStart, bestLength] = [start, length]
  }
  const hex = groups.map((group) => group.toString(16))
  if (bestLength === 1) return hex.join(':')
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`
}

function parseIpv6(text: string): number[] | undefined {
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !text.includes(':')) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [left = '', right] = halves
  const head = groupsOf(left, right === undefined)
  if (right === undefined) return head?.length === 8 ? head : undefined
  const tail = groupsOf(right, true)
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  return missing >= 1 ? [...head, ...new Array<number>(missing).fill(0), ...tail] : undefined
}

// The last 32 bits may be written as an IPv4 address.
function groupsOf(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (atEnd && index === parts.length - 1 && isIpv4(part)) {
      const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
      groups.push(a * 256 + b, c * 256 + d)
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else {
      return undefined
    }
  }
  return groups
}
