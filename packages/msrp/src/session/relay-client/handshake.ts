import { MsrpError } from '../../wire/index.ts'
import type { RelayCredentials } from './digest-session.ts'

/** Sub-protocols that show credentials in the handshake of a WebSocket. @throws MsrpError `invalid-argument` without either */
export function handshakeProtocols(webSocket: object | undefined, known: RelayCredentials | undefined): string[] {
  if (webSocket !== undefined && known !== undefined) return [handshakeProtocol(known.username, known.password)]
  throw new MsrpError('invalid-argument', 'handshake: true needs a WebSocket URL, a user name and a password')
}

/**
 * The name of a sub-protocol that carries credentials in the handshake, since a page can add nothing else to it. The relay
 * answers `msrp` alone. Sub-protocols show in no log of URLs, and a proxy passes them on.
 */
export function handshakeProtocol(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`)
  const base64 = btoa(String.fromCharCode(...bytes))
  return `msrp.credentials.${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}
