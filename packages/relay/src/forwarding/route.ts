import type { MsrpUri, RequestHead } from 'msrp/wire'
import type { Domains } from './domains.ts'
import type { Hop } from './next-hops.ts'
import type { OwnAuthorities } from './own-authorities.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { Passing } from './sibling-passages.ts'
import type { Siblings } from './siblings.ts'
import type { Token } from './token.ts'
import type { TokenTable } from './token-table.ts'

/** Where a request goes, and with which paths it gets there. */
export type Route =
  | Way
  | { kind: 'refuse'; status: number; comment: string; reason: 'unknown-token' | 'intruder' | 'nowhere' }
  /** Addressed to somebody else: the connection is to be closed (RFC 4976 §6.2). */
  | { kind: 'misdirected' }

/** A request may go on. */
export interface Way {
  kind: 'forward'
  to: Destination
  toPath: readonly MsrpUri[]
  fromPath: readonly MsrpUri[]
  /** Our tokens on its way, in the order they are visited. */
  tokens: Token[]
  /** The one of them whose holder sends it; it is on its way to the holders of the others. */
  sender: Token | undefined
}

export type Destination =
  | { kind: 'connection'; connection: RelayConnection }
  /** The holder of a token names it; a connection there may have to be made. */
  | { kind: 'next-hop'; hop: Hop }
  /** Another worker of this relay answers for it. */
  | { kind: 'sibling'; passing: Passing }

/**
 * Decides where a request may go (RFC 4976 §6.4). It must be addressed to a token of ours, and comes either from the
 * token's holder, then it goes to whomever the holder names; or it goes to the holder, over the holder's connection and
 * nowhere else. When both users are clients of this relay its two tokens follow one another, and both are checked; when one
 * of them is a sibling's, that is the next hop.
 */
export function route(
  head: RequestHead,
  from: RelayConnection,
  ours: { own: OwnAuthorities; domains: Domains; tokens: TokenTable; siblings: Siblings },
): Route {
  const { own, domains, tokens, siblings } = ours
  const isAuth = head.method === 'AUTH'
  let { toPath, fromPath } = head.fields
  const [first] = toPath
  const [sender] = fromPath
  if (first === undefined || !(own.includes(first) || (isAuth && own.includesRelay(first)))) {
    return { kind: 'misdirected' }
  }
  // Our own URIs get into From-Path here and nowhere else; whoever sends them poses as somebody he is not.
  if (sender === undefined || (own.includes(sender) && !siblings.vouches(from, sender))) return { kind: 'misdirected' }
  const passed: Token[] = []
  for (;;) {
    const [uri, next] = toPath
    const token = uri === undefined ? undefined : tokens.find(uri)
    if (uri === undefined || token === undefined || !addresses(uri, token)) return unknownToken
    if (next === undefined) return noMessages
    const [previous = sender] = fromPath
    toPath = toPath.slice(1)
    fromPath = [uri, ...fromPath]
    passed.push(token)

    // Behind another token of ours a request is on its way in, whoever sent it out; and so it is on its way back to the
    // relay that obtained the token, when one relay is in front of both users.
    if (passed.length > 1 || !token.heldBy(from) || next.equals(token.previous)) {
      // RFC 4976 §5.1: AUTH goes out through a client's relays, never in.
      if (isAuth) return unknownToken
      if (!token.admit(previous, from)) return intruder
      // Whatever the next URI says: towards the holder there is one way only.
      const connection = token.holder
      if (connection === undefined) return sessionOver
      const sender = passed.length > 1 ? passed[0] : undefined
      const to: Destination = { kind: 'connection', connection }
      return { kind: 'forward', to, toPath, fromPath, tokens: passed, sender }
    }

    token.hold(from)
    if (head.method === 'SEND') token.address(next)
    const sibling = isAuth ? undefined : siblings.of(next)
    if ((own.includesRelay(next) && sibling === undefined) || (isAuth && domains.lists(next))) continue
    const peer = token.peer(next)
    const hop = { token, uri: next, isRelay: toPath.length > 1 || isAuth, sibling }
    const to: Destination = peer?.connection.open ? { kind: 'connection', connection: peer } : { kind: 'next-hop', hop }
    return { kind: 'forward', to, toPath, fromPath, tokens: passed, sender: token }
  }
}

const unknownToken: Route = {
  kind: 'refuse',
  status: 481,
  comment: 'no such session at this relay',
  reason: 'unknown-token',
}
const noMessages: Route = {
  kind: 'refuse',
  status: 481,
  comment: 'the relay itself takes no messages',
  reason: 'nowhere',
}
const intruder: Route = { kind: 'refuse', status: 506, comment: 'the session has another peer', reason: 'intruder' }
const sessionOver: Route = { kind: 'refuse', status: 481, comment: 'the session has ended', reason: 'nowhere' }

/** RFC 4975 §6.1, but for the scheme: a peer without TLS may reach the token by a listener without it. */
function addresses(uri: MsrpUri, token: Token): boolean {
  return uri.host === token.uri.host && uri.port === token.uri.port && uri.transport === token.uri.transport
}
