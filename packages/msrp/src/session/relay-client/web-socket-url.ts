import { MsrpError, MsrpUri } from '../../wire/index.ts'

/** A relay that is reached by WebSocket (RFC 7977). */
export interface WebSocketRelay {
  /** What AUTH is addressed to: `msrps://host:port;ws`. */
  readonly uri: MsrpUri
  /** Path and query of the URL. */
  readonly path: string
  /** TLS. Without it only this machine can be reached. */
  readonly secure: boolean
}

/**
 * Reads what a relay is given by: a URL as `wss://relay.example.com/msrp`, or a URI as `msrps://relay.example.com:443;ws`.
 * Undefined for all that is not reached by WebSocket. `ws:` is for this machine alone, where nobody listens in: AUTH goes
 * over nothing that others can read (RFC 4976 §8).
 *
 * @throws MsrpError `invalid-argument`
 */
export function webSocketRelay(text: string): WebSocketRelay | undefined {
  if (!/^wss?:/i.test(text)) return fromUri(text)
  const url = parse(text)
  const secure = url.protocol === 'wss:'
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new MsrpError('invalid-argument', `${text}: a relay's URL has neither a user nor a #`)
  }
  if (!secure && !LOOPBACK.test(url.hostname)) {
    throw new MsrpError('invalid-argument', `${text}: beyond this machine it has to be wss: AUTH goes over TLS only`)
  }
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const uri = MsrpUri.build({ scheme: 'msrps', host, port, transport: 'ws' })
  return { uri, path: `${url.pathname}${url.search}`, secure }
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

function fromUri(text: string): WebSocketRelay | undefined {
  const uri = /;ws\b/i.test(text) ? MsrpUri.parse(text) : undefined
  if (uri?.transport !== 'ws') return undefined
  if (uri.port !== undefined) return { uri, path: '/', secure: true }
  throw new MsrpError('invalid-argument', `${text} needs a port, or a URL such as wss://${uri.host}/`)
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw new MsrpError('invalid-argument', `${text} is no URL such as wss://relay.example.com/msrp`, { cause })
  }
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
