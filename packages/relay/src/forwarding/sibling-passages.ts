import type { MsrpUri, RequestHead } from 'msrp/wire'
import { NextHop } from './next-hop.ts'
import type { OwnAuthorities } from './own-authorities.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { Route } from './route.ts'
import type { Siblings } from './siblings.ts'

/** A request passes from the connection that it came over to the sibling whose token it addresses. */
export interface Passing {
  readonly near: RelayConnection
  readonly index: number
}

/**
 * Where a request goes that is none of this worker's business: from a connection to the sibling whose token it addresses,
 * or back. Its paths stay as they are, since the relay is in them once. Undefined when it is for this worker.
 */
export function passing(
  { fields: { toPath, fromPath } }: RequestHead,
  from: RelayConnection,
  own: OwnAuthorities,
  siblings: Siblings,
): Route | undefined {
  if (from.sibling?.kind === 'passage') return unchanged({ kind: 'connection', connection: from.sibling.near })
  // What a sibling has sent here goes no further: there would be no end to it.
  const index = from.sibling === undefined ? siblings.of(toPath[0]) : undefined
  if (index === undefined) return undefined
  const [sender] = fromPath
  if (sender === undefined || own.includes(sender)) return { kind: 'misdirected' }
  return unchanged({ kind: 'sibling', passing: { near: from, index } })

  function unchanged(to: Extract<Route, { kind: 'forward' }>['to']): Route {
    return { kind: 'forward', to, toPath, fromPath, tokens: [], sender: undefined }
  }
}

/** The connections to siblings over which requests pass: one for each connection and sibling that it has business with. */
export class SiblingPassages {
  readonly #dial: (passing: Passing) => Promise<RelayConnection>
  readonly #of: Map<RelayConnection, Map<number, NextHop>> = new Map()

  /** `dial`: connects to the sibling, and gives our end, whose `sibling` is a passage. */
  constructor(dial: (passing: Passing) => Promise<RelayConnection>) {
    this.#dial = dial
  }

  /** What leads there, or will soon; it is made when there is nothing. */
  get({ near, index }: Passing): NextHop {
    const passages = this.#of.get(near) ?? new Map<number, NextHop>()
    const known = passages.get(index)
    if (known?.usable) return known
    const passage = new NextHop(this.#dial({ near, index }))
    this.#of.set(near, passages.set(index, passage))
    near.passed = passages.size
    return passage
  }

  /** A connection is gone: what came over it still gets to the siblings, then its passages end. */
  end(near: RelayConnection): void {
    for (const passage of this.#of.get(near)?.values() ?? []) {
      passage.take({ board: (connection) => connection.close(), strand: () => {} })
    }
    this.#of.delete(near)
  }

  /** A passage is gone, with its sibling or because that has ended it. */
  lost(passage: RelayConnection, near: RelayConnection): void {
    const passages = this.#of.get(near)
    for (const [index, one] of passages ?? []) if (one.connection === passage) passages?.delete(index)
    near.passed = passages?.size ?? 0
    if (near.passed === 0) this.#of.delete(near)
    // The sibling would have closed the connection itself, had it come there.
    near.forsake()
  }
}

/** Whether the first URI of a path is a sibling's token, so that the sibling answers for this relay. */
export function isForSibling([first]: readonly MsrpUri[], from: RelayConnection, siblings: Siblings): boolean {
  return from.sibling === undefined && siblings.of(first) !== undefined
}
