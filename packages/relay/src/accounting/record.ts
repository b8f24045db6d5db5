import type { EndReason } from '../forwarding/counters.ts'
import type { SessionFacts } from '../forwarding/session-facts.ts'

/**
 * What is kept of one session for billing and statistics: who, with whom, when, how much. Of messages it holds how many
 * there were and nothing else. Times are ISO 8601 in UTC, sizes bytes of message bodies.
 */
export interface AccountingRecord {
  /** Unique, also over restarts and among relays. */
  readonly id: string
  /** Name of the relay that had the session. */
  readonly relay: string
  readonly account: string
  readonly domain: string
  /** Far end of the connection over which the session was begun, such as `tls 192.0.2.9:40312`. */
  readonly client: string
  /** The relay that the client is behind; null when there is none. */
  readonly via: string | null
  readonly peers: readonly { readonly host: string; readonly address: string }[]
  readonly started: string
  readonly ended: string
  /** Seconds, with milliseconds. */
  readonly seconds: number
  readonly reason: EndReason
  readonly sent_messages: number
  readonly sent_chunks: number
  readonly sent_bytes: number
  readonly received_messages: number
  readonly received_chunks: number
  readonly received_bytes: number
}

/** The record of a session that is over. */
export function accountingRecord(session: SessionFacts, relay: string): AccountingRecord {
  const { id, account, domain, client, started, ended = started, reason = 'disconnected', sent, received } = session
  return {
    id,
    relay,
    account,
    domain,
    client,
    via: session.relay ?? null,
    peers: session.peers,
    started: isoTime(started),
    ended: isoTime(ended),
    seconds: Math.round((ended - started) * 1000) / 1000,
    reason,
    sent_messages: sent.messages,
    sent_chunks: sent.chunks,
    sent_bytes: sent.bytes,
    received_messages: received.messages,
    received_chunks: received.chunks,
    received_bytes: received.bytes,
  }
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
