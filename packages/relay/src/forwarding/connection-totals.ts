import { PROTOCOLS, type Protocol, protocolOf } from './protocol.ts'
import type { RelayConnection } from './relay-connection.ts'

/** What connections of one protocol amount to. */
export interface ConnectionTotal {
  /** Open now: those that came to us, and those that we made. */
  openInbound: number
  openOutbound: number
  /** The same since the relay started. */
  inbound: number
  outbound: number
  /** Bytes on the wire above TLS and WebSocket, headers included. */
  bytesReceived: number
  bytesSent: number
  /** SEND requests. */
  chunksReceived: number
  chunksSent: number
}

export type ConnectionsByProtocol = Readonly<Record<Protocol, ConnectionTotal>>

/**
 * Connections and what went over them, by protocol. Each connection counts for itself; here is what those that are gone
 * have counted, to which the open ones are added when somebody asks.
 */
export class ConnectionTotals {
  readonly #gone: ConnectionsByProtocol = nothing()

  /** A connection is open. */
  opened(connection: RelayConnection): void {
    const total = this.#gone[protocolOf(connection.connection.transport)]
    if (connection.inbound) total.inbound++
    else total.outbound++
  }

  /** A connection is gone. */
  closed(connection: RelayConnection): void {
    addTraffic(this.#gone[protocolOf(connection.connection.transport)], connection)
  }

  /** All together with those that are open. */
  now(open: Iterable<RelayConnection>): ConnectionsByProtocol {
    const totals = nothing()
    for (const protocol of PROTOCOLS) Object.assign(totals[protocol], this.#gone[protocol])
    for (const connection of open) {
      const total = totals[protocolOf(connection.connection.transport)]
      if (connection.inbound) total.openInbound++
      else total.openOutbound++
      addTraffic(total, connection)
    }
    return totals
  }
}

function addTraffic(total: ConnectionTotal, { connection, chunksReceived, chunksSent }: RelayConnection): void {
  total.bytesReceived += connection.receivedBytes
  total.bytesSent += connection.outbox.position
  total.chunksReceived += chunksReceived
  total.chunksSent += chunksSent
}

function nothing(): ConnectionsByProtocol {
  const none = (): ConnectionTotal => ({
    openInbound: 0,
    openOutbound: 0,
    inbound: 0,
    outbound: 0,
    bytesReceived: 0,
    bytesSent: 0,
    chunksReceived: 0,
    chunksSent: 0,
  })
  return { tcp: none(), tls: none(), ws: none(), wss: none() }
}
