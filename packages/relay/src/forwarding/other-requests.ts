import { type ContinuationFlag, type RequestHead, requestFlaw } from 'msrp/wire'
import type { Authentication } from './authentication.ts'
import { mayChain } from './chains.ts'
import type { Counters } from './counters.ts'
import { ForwardedRequest } from './forwarded-request.ts'
import type { OutboundConnections } from './outbound-connections.ts'
import type { Policy } from './policy/policy.ts'
import type { Refusal } from './policy/refusal.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { Way } from './route.ts'
import type { RelaySettings } from './settings.ts'
import type { Ways } from './ways.ts'

/** Requests other than SEND: answers those that end here, and passes on those of others whole. */
export class OtherRequests {
  /** Nobody begins anything here any more. */
  draining = false
  readonly #settings: RelaySettings
  readonly #counters: Counters
  readonly #ways: Ways
  readonly #policy: Policy
  readonly #authentication: Authentication
  readonly #outbound: OutboundConnections

  constructor(options: {
    settings: RelaySettings
    counters: Counters
    ways: Ways
    policy: Policy
    authentication: Authentication
    outbound: OutboundConnections
  }) {
    this.#settings = options.settings
    this.#counters = options.counters
    this.#ways = options.ways
    this.#policy = options.policy
    this.#authentication = options.authentication
    this.#outbound = options.outbound
  }

  /** Takes one, with its whole body. */
  take(head: RequestHead, body: Uint8Array, flag: ContinuationFlag, from: RelayConnection): void {
    const { toPath } = head.fields
    const flaw = requestFlaw(head)
    if (flaw !== undefined) {
      from.refuse(head, 400, flaw)
    } else if (head.method === 'AUTH' && this.#ways.endHere(head, from)) {
      if (this.draining && toPath[0]?.sessionId === undefined) this.#turnElsewhere(head, from)
      else this.#authentication.answer(head, from)
    } else if (head.method !== 'REPORT' && head.method !== 'AUTH' && this.#ways.endHere(head, from)) {
      // RFC 4975 §12: nobody is behind us who might know the method.
      from.refuse(head, 501)
    } else {
      const way = this.#ways.of(head, from)
      const refusal = way === undefined ? undefined : this.#refusal(head, body, from, way)
      // What only passes to another worker is for that one to look at.
      const next = way?.tokens.length === 0 ? undefined : way?.toPath[0]
      if (refusal !== undefined) from.refuseByPolicy(head, refusal)
      else if (head.method === 'AUTH' && next !== undefined && !mayChain(this.#settings.chains.outbound, next.host)) {
        from.refuse(head, 403, `clients of this relay may not use ${next.host} through it`)
      } else if (way !== undefined) this.#forward(head, body, flag, from, way)
    }
  }

  /** Why a request goes no further; if it does, its body counts as those of messages do. */
  #refusal(head: RequestHead, body: Uint8Array, from: RelayConnection, way: Way): Refusal | undefined {
    const toll = body.byteLength === 0 ? undefined : this.#policy.toll(way)
    const refusal = this.#policy.refusal(head) ?? (head.method === 'REPORT' ? undefined : toll?.refusal)
    if (refusal !== undefined || toll === undefined) return refusal
    toll.pay(body.byteLength)
    if (!from.shared) for (const pace of toll.exceeded(body.byteLength)) from.keepPace(pace, false)
    return undefined
  }

  /** Nobody begins anything here any more: who has nothing here is better off with the next target of the SRV record. */
  #turnElsewhere(head: RequestHead, from: RelayConnection): void {
    this.#counters.auth.refused++
    from.refuse(head, 403, 'the relay is shutting down, try another one')
    if (from.relayNames.length === 0 && from.unused) from.close()
  }

  #forward(head: RequestHead, body: Uint8Array, flag: ContinuationFlag, from: RelayConnection, way: Way): void {
    const { to, toPath, fromPath, tokens } = way
    const isAuth = head.method === 'AUTH'
    if (head.method === 'REPORT') this.#counters.forwardedReports.add(reportedStatus(head))
    const request = new ForwardedRequest({
      head,
      body,
      flag,
      origin: from,
      tokens,
      toPath,
      fromPath,
      limits: this.#settings.limits,
      onResponse: (response) => {
        if (!isAuth) return
        this.#authentication.noteForwarded(head, response, from)
        if (response.status === 200 && to.kind === 'next-hop') this.#outbound.rename(to.hop, response.fields)
      },
    })
    if (to.kind === 'connection') {
      request.board(to.connection)
      return
    }
    // Only a message or a chained AUTH has connections made (RFC 4976 §6.4.2 would allow more).
    const makes = isAuth || to.kind === 'sibling'
    const nextHop = makes ? this.#outbound.to(to) : this.#outbound.find(to.hop)
    if (nextHop !== undefined) nextHop.take(request)
    else request.unanswered(481, 'there is no connection to the next hop')
  }
}

/** The Status of a REPORT; 0 when it cannot be read. */
function reportedStatus(head: RequestHead): number {
  try {
    return head.fields.status?.code ?? 0
  } catch {
    return 0
  }
}
