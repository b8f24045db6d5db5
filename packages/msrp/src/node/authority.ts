/** Host and port as in a URI: IPv6 in brackets; an IPv4 address that came through an IPv6 socket as plain IPv4. */
export function formatAuthority(host: string, port: number): string {
  const plain = plainAddress(host)
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}

/** `::ffff:192.0.2.1`, as IPv6 sockets show an IPv4 peer, is `192.0.2.1`. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
