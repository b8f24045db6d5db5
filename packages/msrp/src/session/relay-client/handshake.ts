/**
 * The name of a sub-protocol that carries credentials in the handshake, since a page can add nothing else to it. The relay
 * answers `msrp` alone. Sub-protocols show in no log of URLs, and a proxy passes them on.
 */
export function handshakeProtocol(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`)
  const base64 = btoa(String.fromCharCode(...bytes))
  return `msrp.credentials.${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}
