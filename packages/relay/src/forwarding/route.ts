import type { MsrpUri, RequestHead } from 'msrp/wire'
import type { NextHop } from './next-hop.ts'
import type { OwnAuthorities } from './own-authorities.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { Token, TokenTable } from './token.ts'

/** Where a request goes, and with which paths it gets there. */
export type Route =
  | { kind: 'forward'; to: Destination; toPath: readonly MsrpUri[]; fromPath: readonly MsrpUri[]; tokens: Token[] }
  | { kind: 'refuse'; status: number; comment: string; reason: 'unknown-token' | 'intruder' | 'nowhere' }
  /** Addressed to somebody else: the connection is to be closed (RFC 4976 §6.2). */
  | { kind: 'misdirected' }

export type Destination =
  | { kind: 'connection'; connection: RelayConnection }
  | { kind: 'next-hop'; nextHop: NextHop }
  /** Nothing leads there yet; the holder of `token` may have a connection made. */
  | { kind: 'dial'; token: Token; uri: MsrpUri; isRelay: boolean }

/**
 * Decides where a request may go (RFC 4976 §6.4). It must be addressed to a token of ours, and comes either from the
 * token's holder, then it goes to whomever the holder names; or it goes to the holder, over the holder's connection and
 * nowhere else. When both users are clients of this relay its two tokens follow one another, and both are checked.
 */
export function route(head: RequestHead, from: RelayConnection, own: OwnAuthorities, tokens: TokenTable): Route {
  let toPath = head.fields.toPath
  let fromPath = head.fields.fromPath
  const passed: Token[] = []
  const first = toPath[0]
  if (first === undefined || !(own.includes(first) || (head.method === 'AUTH' && own.includesRelay(first)))) {
    return { kind: 'misdirected' }
  }
  // Our own URIs get into From-Path here and nowhere else; whoever sends them poses as somebody he is not.
  if (fromPath[0] === undefined || own.includes(fromPath[0])) return { kind: 'misdirected' }
  for (;;) {
    const [uri, next] = toPath
    const token = uri === undefined ? undefined : tokens.find(uri)
    if (uri === undefined || token === undefined || !addresses(uri, token)) {
      return { kind: 'refuse', status: 481, comment: 'no such session at this relay', reason: 'unknown-token' }
    }
    if (next === undefined) {
      return { kind: 'refuse', status: 481, comment: 'the relay itself takes no messages', reason: 'nowhere' }
    }
    const previous = fromPath[0]
    toPath = toPath.slice(1)
    fromPath = [uri, ...fromPath]
    passed.push(token)

    if (!token.heldBy(from)) {
      if (previous !== undefined && !token.admit(previous, from)) {
        return { kind: 'refuse', status: 506, comment: 'the session has another peer', reason: 'intruder' }
      }
      from.peerOf.add(token)
      // Whatever the next URI says: towards the holder there is one way only.
      const connection = token.holder
      if (connection === undefined) {
        return { kind: 'refuse', status: 481, comment: 'the session has ended', reason: 'nowhere' }
      }
      return { kind: 'forward', to: { kind: 'connection', connection }, toPath, fromPath, tokens: passed }
    }

    if (token.relayName !== undefined) {
      token.holder = from
      from.tokens.add(token)
    }
    if (head.method === 'SEND') token.address(next)
    if (own.includes(next)) continue
    const to = destination(token, next, toPath.length > 1 || head.method === 'AUTH')
    return { kind: 'forward', to, toPath, fromPath, tokens: passed }
  }
}

/** The way from the holder of a token to a peer. */
function destination(token: Token, uri: MsrpUri, isRelay: boolean): Destination {
  const inbound = token.peers.get(uri.key)
  if (inbound?.connection.open) return { kind: 'connection', connection: inbound }
  const nextHop = token.nextHops.get(uri.authorityKey)
  if (nextHop?.usable) return { kind: 'next-hop', nextHop }
  return { kind: 'dial', token, uri, isRelay }
}

/** RFC 4975 §6.1, but for the scheme: a peer without TLS may reach the token by a listener without it. */
function addresses(uri: MsrpUri, token: Token): boolean {
  return uri.host === token.uri.host && uri.port === token.uri.port && uri.transport === token.uri.transport
}
