import type { Counters, EndReason } from './counters.ts'
import { factsOf } from './facts-of.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { SessionFacts } from './session-facts.ts'
import type { RelayPlatform } from './settings.ts'
import type { Token } from './token.ts'
import type { TokenTable } from './token-table.ts'

/** The sessions of a relay, which are the tokens it has handed out, and what becomes of one that ends. */
export class Sessions {
  readonly #platform: RelayPlatform
  readonly #counters: Counters
  readonly #tokens: TokenTable
  readonly #connections: ReadonlySet<RelayConnection>
  /** Those that are over but for what is still on its way through. */
  readonly #unsettled: Set<Token> = new Set()

  /** `connections` are those there are, now and later. */
  constructor(options: {
    platform: RelayPlatform
    counters: Counters
    tokens: TokenTable
    connections: ReadonlySet<RelayConnection>
  }) {
    this.#platform = options.platform
    this.#counters = options.counters
    this.#tokens = options.tokens
    this.#connections = options.connections
  }

  /** What can be told of each, oldest first, one after the other as they are asked for. */
  *facts(): Generator<SessionFacts> {
    for (const token of this.#tokens) yield this.#factsOf(token)
  }

  /** Ends those that `which` picks, and the connections of clients that have no other. Returns how many there were. */
  end(which: (id: string, account: string) => boolean): number {
    const chosen = [...this.#tokens].filter(({ id, account }) => which(id, account))
    for (const token of chosen) {
      const client = token.relayName === undefined ? token.holder : undefined
      this.#platform.log.info({ session: token.id, account: token.account }, 'session ended on request')
      this.#tokens.end(token, 'kicked')
      if (client?.unused) client.close()
    }
    return chosen.length
  }

  /** The relay stops: ends all. */
  stop(): void {
    for (const token of [...this.#tokens]) this.#tokens.end(token, 'stopped')
  }

  /** The connection of a token's holder is gone, or of a peer under it. */
  gone(connection: RelayConnection, lost: boolean): void {
    for (const token of connection.peerOf) token.release(connection)
    for (const token of [...connection.tokens]) {
      // RFC 4976 §6.3: a client's token ends with its connection, a relay's is valid on any to that relay.
      if (token.relayName === undefined) this.#tokens.end(token, lost ? 'lost' : 'disconnected')
      else token.release(connection)
    }
  }

  /** A token is not valid any more: what was on its way under it is reported, what was opened for it is closed. */
  ended(token: Token, reason: EndReason): void {
    const comment = reason === 'kicked' ? 'the session was ended by the operator' : 'the session at the relay has ended'
    const sinks = new Set<RelayConnection>()
    for (const flow of [...token.flows]) {
      // What the holder sent before it went still goes out; what was on its way to it does not get there.
      if (!this.#connections.has(flow.source)) continue
      if (flow.sink !== undefined) sinks.add(flow.sink)
      flow.abort(481, comment)
    }
    for (const { connection } of sinks) {
      for (const pending of connection.transactions.records())
        if (pending.tokens.includes(token)) pending.unanswered(481, comment)
    }
    const peers = [...token.peers]
    token.invalidate(this.#platform.time(), reason)
    this.#counters.sessionsEnded[reason]++
    for (const nextHop of token.nextHops.values()) nextHop.take({ board: closeUnused, strand: () => {} })
    token.nextHops.clear()
    peers.forEach(closeUnused)
    this.#unsettled.add(token)
    if (token.flows.size === 0) this.#settled(token)
    else token.onSettled = () => this.#settled(token)
  }

  /** Nothing comes through any more. */
  settleAll(): void {
    for (const token of [...this.#unsettled]) this.#settled(token)
  }

  /** Nothing more goes through under a token that has ended. */
  #settled(token: Token): void {
    if (!this.#unsettled.delete(token)) return
    token.onSettled = undefined
    this.#platform.onSessionEnd?.(this.#factsOf(token))
  }

  #factsOf(token: Token): SessionFacts {
    return factsOf(token, { time: this.#platform.time(), clock: this.#platform.clock.now() })
  }
}

/** A connection that was made for one session, and serves no other by now, goes with it. */
function closeUnused(connection: RelayConnection): void {
  if (connection.dedicated && connection.unused) connection.close()
}
