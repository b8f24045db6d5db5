import type { Transport } from 'msrp/connection'
import {
  type ContinuationFlag,
  encodeEndLine,
  MsrpError,
  type MsrpUri,
  type RequestHead,
  type ResponseHead,
  requestFlaw,
  rewriteRequestHead,
  rewriteResponse,
} from 'msrp/wire'
import { Authentication } from './authentication.ts'
import { concatenate } from './concatenate.ts'
import { Counters } from './counters.ts'
import { failureOf } from './failure.ts'
import { Flow } from './flow.ts'
import { type ForwardedRequest, InboundChunk, type Pending } from './inbound-chunk.ts'
import { NextHop, type Passenger } from './next-hop.ts'
import { OwnAuthorities } from './own-authorities.ts'
import { RelayConnection, type RelayRequests } from './relay-connection.ts'
import { type Destination, type Route, route } from './route.ts'
import type { RelayPlatform, RelaySettings } from './settings.ts'
import { type Token, TokenTable } from './token.ts'

/** Bytes of REPORTs and the like that may wait for one connection; a peer's further ones are dropped. */
const FORWARDED_CONTROL = 512 * 1024

/** Connections that the holder of one token can have made at once. */
const NEXT_HOPS_PER_TOKEN = 16

/** Different paths that one connection can send messages along at once. */
const FLOWS_PER_CONNECTION = 1024

/**
 * A relay's state (RFC 4976): connections, the tokens it has handed out, and what is on its way through. Sockets, names,
 * users and time are handed in.
 */
export class Relay implements RelayRequests {
  readonly counters: Counters = new Counters()
  readonly #settings: RelaySettings
  readonly #platform: RelayPlatform
  readonly #own: OwnAuthorities
  readonly #tokens: TokenTable
  readonly #authentication: Authentication
  readonly #connections: Set<RelayConnection> = new Set()
  /** Connections to relays that serve all sessions, by scheme, host and port. */
  readonly #shared: Map<string, NextHop> = new Map()
  #nextId = 1
  #closing = false
  readonly #onGone: Map<RelayConnection, () => void> = new Map()
  #onEmpty: () => void = () => {}

  constructor(settings: RelaySettings, platform: RelayPlatform) {
    this.#settings = settings
    this.#platform = platform
    this.#own = new OwnAuthorities(settings.names, settings.ports)
    const { clock, random } = platform
    this.#tokens = new TokenTable({ clock, random, onEnd: (token) => this.#tokenEnded(token) })
    this.#authentication = new Authentication({
      platform,
      settings,
      own: this.#own,
      tokens: this.#tokens,
      counters: this.counters,
    })
  }

  get connections(): number {
    return this.#connections.size
  }

  get tokens(): number {
    return this.#tokens.size
  }

  /** Takes an inbound connection. `certificateNames` are those of a verified client certificate. */
  accept(transport: Transport, certificateNames: readonly string[], onGone: () => void = () => {}): void {
    this.#onGone.set(this.#adopt(transport, certificateNames, true), onGone)
  }

  /**
   * Tells every sender what was not confirmed, sends what is queued and closes all connections. What is still open after
   * `grace` milliseconds is cut off. Resolves when nothing is left.
   */
  async close(grace: number): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    const gone = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    for (const connection of this.#connections) {
      for (const flow of [...connection.flows.values()]) flow.abort(481, 'the relay is shutting down')
      for (const pending of connection.connection.pending()) this.unanswered(pending, 481, 'the relay is shutting down')
    }
    for (const token of [...this.#tokens]) this.#tokens.end(token)
    for (const { connection } of this.#connections) connection.close()
    const cut = this.#platform.clock.after(grace, () => {
      for (const { connection } of this.#connections) connection.fail(undefined)
    })
    if (this.#connections.size > 0) await gone
    cut()
  }

  send(head: RequestHead, from: RelayConnection): { flow: Flow; chunk: InboundChunk } | undefined {
    this.counters.chunksReceived++
    const way = route(head, from, this.#own, this.#tokens)
    if (way.kind !== 'forward') {
      this.#turnAway(way, head, from)
      return undefined
    }
    const [token] = way.tokens
    if (token === undefined) return undefined
    from.prove()
    const flow = this.#flow(head, from, way)
    if (flow === undefined) {
      from.refuse(head, 413, 'this connection carries as many sessions as it may')
      return undefined
    }
    const chunk = new InboundChunk({ head, source: from, token })
    flow.accept(chunk)
    return { flow, chunk }
  }

  request(head: RequestHead, body: Uint8Array, flag: ContinuationFlag, from: RelayConnection): void {
    const { toPath } = head.fields
    const [first] = toPath
    const flaw = requestFlaw(head)
    if (flaw !== undefined) {
      from.refuse(head, 400, flaw)
      return
    }
    if (head.method === 'AUTH' && toPath.length === 1 && first !== undefined && this.#own.includesRelay(first)) {
      this.#authentication.answer(head, from)
      return
    }
    const way = route(head, from, this.#own, this.#tokens)
    if (way.kind !== 'forward') {
      this.#turnAway(way, head, from)
      return
    }
    from.prove()
    this.#forward(head, body, flag, from, way)
  }

  response(head: ResponseHead, pending: Pending): void {
    if (pending.kind === 'part') {
      if (head.status !== 200) pending.chunk.fail(head.status, head.comment === '' ? undefined : head.comment)
      return
    }
    this.#returnResponse(head, pending)
  }

  unanswered(pending: Pending, status: number, comment: string): void {
    if (pending.kind === 'request') {
      pending.origin.refuse(pending.head, status, comment)
      return
    }
    // RFC 4975 §7.1.1: with `partial` no 200 was to be expected, so its absence says nothing.
    if (pending.chunk.failureReport === 'yes') pending.chunk.fail(status, comment)
  }

  gone(connection: RelayConnection, error: MsrpError | undefined): void {
    this.#connections.delete(connection)
    this.#onGone.get(connection)?.()
    this.#onGone.delete(connection)
    for (const token of connection.peerOf) token.release(connection)
    for (const token of connection.tokens) {
      // RFC 4976 §6.3: a client's token ends with its connection, a relay's does not.
      if (token.relayName === undefined) this.#tokens.end(token)
      else this.#holdElsewhere(token, connection)
    }
    for (const [key, { usable }] of this.#shared) if (!usable) this.#shared.delete(key)
    this.#platform.log.debug({ connection: connection.id, error: error?.message }, 'connection closed')
    if (this.#connections.size === 0) this.#onEmpty()
  }

  /** A token of a relay is valid on any connection to that relay (RFC 4976 §6.3). */
  #holdElsewhere(token: Token, connection: RelayConnection): void {
    token.release(connection)
    if (token.holder !== undefined) return
    token.holder = [...this.#connections].find((other) => token.heldBy(other))
    token.holder?.tokens.add(token)
  }

  #adopt(transport: Transport, certificateNames: readonly string[], inbound: boolean): RelayConnection {
    const connection = new RelayConnection({
      id: this.#nextId++,
      transport,
      certificateNames,
      inbound,
      relay: this,
      platform: this.#platform,
      settings: this.#settings,
      counters: this.counters,
    })
    this.counters.connections++
    this.#connections.add(connection)
    this.#platform.log.debug({ connection: connection.id, far: transport.description, inbound }, 'connection opened')
    connection.connection.start()
    if (this.#closing) connection.connection.fail(undefined)
    return connection
  }

  #turnAway(way: Exclude<Route, { kind: 'forward' }>, head: RequestHead, from: RelayConnection): void {
    if (way.kind === 'misdirected') {
      this.counters.misdirected++
      this.#platform.log.info({ connection: from.id }, 'closed: a request was addressed to another relay')
      from.connection.fail(undefined)
      return
    }
    if (way.reason === 'unknown-token') this.counters.unknownTokens++
    if (way.reason === 'intruder') this.counters.intruders++
    // A relay may hold tokens of clients that are gone since: it is not told of each, and not cut off.
    if (from.relayNames.length === 0) from.refuse(head, way.status, way.comment)
  }

  /** The flow for the paths a request came with; made when there is none yet. */
  #flow(head: RequestHead, from: RelayConnection, way: Extract<Route, { kind: 'forward' }>): Flow | undefined {
    const key = `${head.fields.get('To-Path')}\n${head.fields.get('From-Path')}`
    const known = from.flows.get(key)
    if (known?.usable) return known
    if (from.flows.size >= FLOWS_PER_CONNECTION) {
      const idle = [...from.flows.values()].find((flow) => flow.idle)
      if (idle === undefined) return undefined
      idle.finish()
    }
    const flow = new Flow({
      source: from,
      toPath: way.toPath,
      fromPath: way.fromPath,
      tokens: way.tokens,
      buffer: this.#settings.flowBuffer,
    })
    from.flows.set(key, flow)
    this.#take(flow, way.to)
    return flow
  }

  /** Brings a passenger to the connection it needs, which may have to be made first. */
  #take(passenger: Passenger, to: Destination): void {
    switch (to.kind) {
      case 'connection':
        passenger.board(to.connection)
        return
      case 'next-hop':
        to.nextHop.take(passenger)
        return
      case 'dial':
        this.#nextHop(to.token, to.uri, to.isRelay).take(passenger)
        return
      default:
        to satisfies never
    }
  }

  /** A connection to a next hop: one per session, or one for all towards relays that are named in the settings. */
  #nextHop(token: Token, uri: MsrpUri, isRelay: boolean): NextHop {
    const shared = isRelay && this.#settings.sharedConnectionsTo.includes(uri.host)
    const known = shared ? this.#shared.get(uri.authorityKey) : undefined
    if (known?.usable) return known
    for (const [key, { usable }] of token.nextHops) if (!usable) token.nextHops.delete(key)
    const full = token.nextHops.size >= NEXT_HOPS_PER_TOKEN
    const nextHop = new NextHop(full ? tooMany() : this.#dial(token, uri, isRelay))
    if (shared) this.#shared.set(uri.authorityKey, nextHop)
    else token.nextHops.set(uri.authorityKey, nextHop)
    return nextHop
  }

  async #dial(token: Token, uri: MsrpUri, isRelay: boolean): Promise<RelayConnection> {
    const fields = { account: token.account, host: uri.host, port: uri.port }
    try {
      const { transport, certificateNames } = await this.#platform.dial({ uri, kind: isRelay ? 'relay' : 'peer' })
      return this.#adopt(transport, certificateNames, false)
    } catch (error) {
      this.#platform.log.info({ ...fields, error: (error as Error).message }, 'cannot reach a next hop')
      throw error
    }
  }

  #forward(
    head: RequestHead,
    body: Uint8Array,
    flag: ContinuationFlag,
    from: RelayConnection,
    way: Extract<Route, { kind: 'forward' }>,
  ): void {
    const { toPath, fromPath, tokens } = way
    // Only a message, or a chained AUTH, of the holder has connections made (RFC 4976 §6.4.2 would allow more).
    if (way.to.kind === 'dial' && head.method !== 'AUTH') {
      this.counters.dropped++
      from.refuse(head, 481, 'there is no connection to the next hop')
      return
    }
    this.#take(
      {
        board: ({ connection }) => {
          if (connection.controlBytes + connection.transport.bufferedBytes > FORWARDED_CONTROL) {
            this.counters.dropped++
            return
          }
          const transactionId = connection.newTransactionId()
          const bytes = concatenate([
            rewriteRequestHead(head, { transactionId, toPath, fromPath }),
            body,
            encodeEndLine(transactionId, flag, { afterBody: head.hasBody }),
          ])
          this.counters.requestsForwarded++
          if (head.method === 'REPORT') connection.send(bytes)
          else {
            const hops = fromPath.slice(0, tokens.length)
            connection.sendRequest(transactionId, bytes, { kind: 'request', head, origin: from, hops })
          }
        },
        strand: (error) => {
          const { status, comment } = failureOf(error)
          from.refuse(head, status, comment)
        },
      },
      way.to,
    )
  }

  /** RFC 4976 §6.4.3: a response that has further to go gets our URIs moved, as a request does. */
  #returnResponse(head: ResponseHead, { head: request, origin, hops }: ForwardedRequest): void {
    const { toPath, fromPath } = head.fields
    const ours = hops.every((uri, index) => toPath[index]?.equals(uri))
    const rest = toPath.slice(hops.length)
    if (!ours || rest.length === 0) {
      this.counters.dropped++
      return
    }
    origin.connection.send(
      rewriteResponse(head, {
        transactionId: request.transactionId,
        toPath: rest,
        fromPath: [...[...hops].reverse(), ...fromPath],
      }),
    )
    // RFC 4976 §6.3: credentials that another relay refused count as well.
    if (request.method === 'AUTH' && head.status === 401 && request.fields.get('Authorization') !== undefined) {
      const stale = head.fields.all('WWW-Authenticate').some((value) => /stale="?true/i.test(value))
      if (!stale) this.#authentication.noteFailure(origin)
    }
  }

  /** A token is not valid any more: what was on its way under it is reported, what was opened for it is closed. */
  #tokenEnded(token: Token): void {
    const comment = 'the session at the relay has ended'
    for (const connection of this.#connections) {
      connection.tokens.delete(token)
      connection.peerOf.delete(token)
      for (const flow of [...connection.flows.values()]) {
        // What the holder sent before it went still goes out; what was on its way to it does not get there.
        if (flow.tokens.includes(token)) flow.abort(481, comment)
      }
      for (const pending of connection.connection.pending()) {
        if (pending.kind === 'part' && pending.chunk.token === token) this.unanswered(pending, 481, comment)
      }
    }
    for (const nextHop of token.nextHops.values())
      nextHop.take({ board: ({ connection }) => connection.close(), strand: () => {} })
    token.nextHops.clear()
  }
}

function tooMany(): Promise<never> {
  return Promise.reject(new MsrpError('refused', 'the session has connections to too many next hops', { status: 403 }))
}
