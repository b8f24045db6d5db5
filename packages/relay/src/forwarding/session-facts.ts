import type { EndReason } from './counters.ts'

/** What went one way in a session. What was only on its way when it ended does not count. */
export interface SessionTraffic {
  /** Messages with a body whose last chunk was forwarded. */
  messages: number
  /** Chunks as they went out. */
  chunks: number
  /** Body bytes. */
  bytes: number
}

/** Whom a session's messages went to or came from. */
export interface SessionPeer {
  /** The host in the URI next to ours on the way to the peer: its relay's, or its own. */
  readonly host: string
  /** The far end of the connection, such as `tls 192.0.2.7:2855`. */
  readonly address: string
}

/** The place of a session among those of one relay's life, from its id: later ones have greater numbers. */
export function sessionNumber(id: string): number {
  return Number.parseInt(id.slice(id.lastIndexOf('-') + 1), 36)
}

/**
 * What can be told of a session: a token, from the AUTH that yielded it to its end, with the peers that it had. It holds
 * nothing that lets anybody take part in it.
 */
export interface SessionFacts {
  /** Names the session and nothing else. Unique over restarts. */
  readonly id: string
  /** `alice@example.com` */
  readonly account: string
  readonly domain: string
  /** Far end of the connection that it was obtained over, such as `tls 192.0.2.9:40312`. */
  readonly client: string
  /** The relay that obtained it for a client behind it. */
  readonly relay: string | undefined
  /** Seconds since 1970, with fractions. */
  readonly started: number
  /** When the token ends unless it is extended. */
  readonly expires: number
  /** When it ended, and why; undefined while it lasts. */
  readonly ended: number | undefined
  readonly reason: EndReason | undefined
  /** From the client, and to it. */
  readonly sent: Readonly<SessionTraffic>
  readonly received: Readonly<SessionTraffic>
  /** In the order they came; sixteen at most. */
  readonly peers: readonly SessionPeer[]
}
