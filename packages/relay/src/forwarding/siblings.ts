import type { Transport } from 'msrp/connection'
import type { MsrpUri } from 'msrp/wire'
import type { OwnAuthorities } from './own-authorities.ts'
import type { RelayConnection } from './relay-connection.ts'

/** Which worker of a relay this is, when several processes are one relay. */
export interface WorkerPlace {
  /** From 0. */
  readonly index: number
  /** How many there are. */
  readonly count: number
}

/** What a connection between two workers is to the one at this end. */
export type SiblingEnd =
  /** A hop of a path: a token of ours and one of the sibling's follow one another. */
  | { readonly kind: 'hop'; readonly index: number }
  /** It stands for a connection that somebody has made to the sibling. */
  | { readonly kind: 'stand-in' }
  /** It leads to a sibling, for whose tokens requests came over `near`. */
  | { readonly kind: 'passage'; readonly near: RelayConnection }

/** What a worker tells the sibling that it connects to. */
export type SiblingGreeting =
  | { readonly kind: 'hop'; readonly index: number }
  | {
      readonly kind: 'stand-in'
      /** As the transport of the connection has them. */
      readonly description: string
      readonly secure: boolean
      /** DNS names of its far side's verified certificate. */
      readonly certificateNames: readonly string[]
    }

/** Connects to a sibling. Rejects with an MsrpError when it is not there at present. */
export type DialSibling = (index: number, greeting: SiblingGreeting) => Promise<Transport>

/** The worker that has handed out a token stands in front of the random part of its session-id. */
const MARK = /^(\d{1,3})\./

/** The other workers of this relay, as far as URIs tell. All of them have the same names and ports in common. */
export class Siblings {
  /** What session-ids handed out here begin with. */
  readonly prefix: string
  readonly #place: WorkerPlace
  readonly #own: OwnAuthorities

  /** Without `place` there are none. */
  constructor(place: WorkerPlace | undefined, own: OwnAuthorities) {
    this.#place = place ?? { index: 0, count: 1 }
    this.#own = own
    this.prefix = this.#place.count > 1 ? `${this.#place.index}.` : ''
  }

  /** The index of the sibling whose token a URI is, or was; undefined when it is ours, or nobody's. */
  of(uri: MsrpUri | undefined): number | undefined {
    const { index, count } = this.#place
    if (count === 1 || uri?.sessionId === undefined || !this.#own.includes(uri)) return undefined
    const mark = MARK.exec(uri.sessionId)?.[1]
    const other = mark === undefined ? index : Number(mark)
    return other === index || other >= count ? undefined : other
  }

  /** Whether a connection is the hop from the sibling whose token a URI is: there it may come first in From-Path. */
  vouches(connection: RelayConnection, uri: MsrpUri): boolean {
    return connection.sibling?.kind === 'hop' && connection.sibling.index === this.of(uri)
  }
}

/** The name under which a sibling counts as a relay: none that a certificate could have. */
export function siblingName(index: number): string {
  return `worker ${index}`
}
