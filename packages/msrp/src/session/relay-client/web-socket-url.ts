import { MsrpError, MsrpUri } from '../../wire/index.ts'

/** Where a WebSocket of a relay is (RFC 7977). */
export interface WebSocketRelay {
  /** What AUTH is addressed to: `msrps://host:port;ws`. */
  readonly uri: MsrpUri
  /** Path and query of the URL. */
  readonly path: string
  /** TLS. Without it only this machine can be reached. */
  readonly secure: boolean
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * Reads what a relay is given by, if it is a URL such as `wss://relay.example.com/msrp`. `ws:` is for this machine alone,
 * where nobody listens in: AUTH goes over nothing that others can read (RFC 4976 §8).
 *
 * @throws MsrpError `invalid-argument`
 */
export function webSocketRelay(text: string): WebSocketRelay | undefined {
  if (!/^wss?:/i.test(text)) return undefined
  const { hash, hostname, password, pathname, port, protocol, search, username } = parse(text)
  const secure = protocol === 'wss:'
  if (username + password + hash !== '') throw invalid(`${text}: a relay's URL has neither a user nor a #`)
  if (!secure && !LOOPBACK.test(hostname)) {
    throw invalid(`${text}: beyond this machine it has to be wss: AUTH goes over TLS only`)
  }
  const host = hostname.replace(/^\[|\]$/g, '')
  const uri = MsrpUri.build({ scheme: 'msrps', host, port: Number(port || (secure ? 443 : 80)), transport: 'ws' })
  return { uri, path: pathname + search, secure }
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw invalid(`${text} is no URL such as wss://relay.example.com/msrp`, cause)
  }
}

function invalid(text: string, cause?: unknown): MsrpError {
  return new MsrpError('invalid-argument', text, { cause })
}
