import { type HeaderFields, MsrpError, type MsrpUri } from 'msrp/wire'
import { NextHop } from './next-hop.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { Token } from './token.ts'

/** Connections that the holder of one token can have made at once. */
const MOST_PER_TOKEN = 16

/** The far end of the hop from the holder of a token. */
export interface Hop {
  token: Token
  uri: MsrpUri
  /** More URIs follow, so that it is another relay. */
  isRelay: boolean
  /** It is the worker of this index. */
  sibling?: number | undefined
}

/** The connections that are made from here: one for each session, or one for all towards relays that are named. */
export class NextHops {
  readonly #dial: (hop: Hop, shared: boolean) => Promise<RelayConnection>
  readonly #sharedTo: () => readonly string[]
  readonly #shared: Map<string, NextHop> = new Map()

  constructor(options: {
    dial: (hop: Hop, shared: boolean) => Promise<RelayConnection>
    sharedTo: () => readonly string[]
  }) {
    this.#dial = options.dial
    this.#sharedTo = options.sharedTo
  }

  /** What leads there already, or will soon. */
  find(hop: Hop): NextHop | undefined {
    const nextHop = this.#connectionsFor(hop).get(keyOf(hop))
    return nextHop?.usable ? nextHop : undefined
  }

  /** Has a connection made. */
  make(hop: Hop): NextHop {
    const connections = this.#connectionsFor(hop)
    const shared = connections === this.#shared
    for (const [key, { usable }] of connections) if (!usable) connections.delete(key)
    const full = !shared && connections.size >= MOST_PER_TOKEN
    const nextHop = new NextHop(full ? tooMany() : this.#dial(hop, shared))
    connections.set(keyOf(hop), nextHop)
    return nextHop
  }

  /**
   * A relay that was reached by its domain alone has said, in Use-Path, under which URI it goes on: requests for that
   * URI take the connection which is there, if its certificate has that name as well.
   */
  rename(hop: Hop, granted: HeaderFields): void {
    const uri = lastOf(granted)
    const nextHop = this.find(hop)
    if (uri === undefined || !uri.secure || !nextHop?.connection?.relayNames.includes(uri.host)) return
    const renamed = { ...hop, uri }
    if (this.find(renamed) === undefined) this.#connectionsFor(renamed).set(keyOf(renamed), nextHop)
  }

  /** Forgets shared connections that are gone. */
  purge(): void {
    for (const [key, { usable }] of this.#shared) if (!usable) this.#shared.delete(key)
  }

  #connectionsFor({ token, uri, isRelay, sibling }: Hop): Map<string, NextHop> {
    return isRelay && sibling === undefined && this.#sharedTo().includes(uri.host) ? this.#shared : token.nextHops
  }
}

/**
 * A connection to a last hop, whose certificate may not have been checked, does not serve as one to a relay. On one that
 * sessions share, a relay has seen our certificate for one host name, and takes requests for no other (RFC 4976 §6.3).
 */
function keyOf({ token, uri, isRelay, sibling }: Hop): string {
  // Workers may have one authority in common.
  if (sibling !== undefined) return `worker ${sibling}`
  return `${isRelay ? 'relay' : 'peer'} ${uri.authorityKey} as ${token.uri.host}`
}

function tooMany(): Promise<never> {
  return Promise.reject(new MsrpError('refused', 'the session has connections to too many next hops', { status: 403 }))
}

/** The last URI of Use-Path. What cannot be read is the client's business. */
function lastOf(fields: HeaderFields): MsrpUri | undefined {
  try {
    return fields.usePath?.at(-1)
  } catch {
    return undefined
  }
}
