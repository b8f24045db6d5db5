/**
 * The IPv4 address that packets to an IPv6 address end at, when that lies inside of it: IPv4-mapped, IPv4-compatible
 * and IPv4-translated addresses, NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056) and Teredo (RFC 4380); else undefined.
 * @param address IPv6, or IPv4, which has none inside
 */
export function embeddedIpv4(address: string): string | undefined {
  const groups = ipv6Groups(address)
  if (groups === undefined) return undefined
  const [first, second, third, fourth, fifth, sixth, seventh, eighth] = groups
  const start = [first, second, third, fourth].every((group) => group === 0)
  if (start && fifth === 0 && sixth === 0xffff) return dotted(seventh, eighth)
  if (start && fifth === 0xffff && sixth === 0) return dotted(seventh, eighth)
  // ::/96 holds :: and ::1 too, which are no IPv4 addresses.
  if (start && fifth === 0 && sixth === 0) return seventh === 0 && eighth <= 1 ? undefined : dotted(seventh, eighth)
  if (first === 0x64 && second === 0xff9b) return dotted(seventh, eighth)
  if (first === 0x2002) return dotted(second, third)
  if (first === 0x2001 && second === 0) return dotted(seventh ^ 0xffff, eighth ^ 0xffff)
  return undefined
}

type Groups = readonly [number, number, number, number, number, number, number, number]

function ipv6Groups(address: string): Groups | undefined {
  if (!URL.canParse(`http://[${address}]`)) return undefined
  // The URL parser brings every spelling of an IPv6 address, dotted tail included, to hexadecimal groups.
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const numbers = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const [left, right] = [numbers(head), numbers(tail)]
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right] as unknown as Groups
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}
