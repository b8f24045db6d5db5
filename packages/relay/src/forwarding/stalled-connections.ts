import type { Cancel, Clock } from 'msrp/connection'
import { MsrpError } from 'msrp/wire'
import type { RelayConnection } from './relay-connection.ts'
import type { TotalBuffer } from './total-buffer.ts'

/** How often connections are looked at, in milliseconds. */
const ROUND = 1000

/** Patience while the relay keeps as much as it may, in milliseconds. */
const HURRY = 5000

/** Of those who have taken nothing for that long, one in so many is given up in each round, the longest stalled first. */
const SHARE = 10

interface Stall {
  /** Bytes that the far side has taken, which is what has not changed since. */
  taken: number
  since: number
}

/**
 * Gives up connections whose far side takes nothing of what waits for it: a peer that never reads, or so little that it
 * amounts to that. What is taken shows in steps of 128 KiB, so that is the least a far side has to read in the time it is
 * given, while more than that waits. Whoever sends there is told that the next hop is gone.
 */
export class StalledConnections {
  readonly #clock: Clock
  readonly #patience: () => number
  readonly #total: TotalBuffer
  readonly #connections: ReadonlySet<RelayConnection>
  readonly #onStalled: (connection: RelayConnection) => void
  readonly #stalls: Map<RelayConnection, Stall> = new Map()
  #timer: Cancel | undefined

  /** `connections` are those there are, now and later; `patience` in seconds, as it is at present. */
  constructor(options: {
    clock: Clock
    patience: () => number
    total: TotalBuffer
    connections: ReadonlySet<RelayConnection>
    onStalled: (connection: RelayConnection) => void
  }) {
    this.#clock = options.clock
    this.#patience = options.patience
    this.#total = options.total
    this.#connections = options.connections
    this.#onStalled = options.onStalled
  }

  /** Looks at them in rounds, from now on until there are none. */
  watch(): void {
    if (this.#timer !== undefined) return
    const due = this.#clock.now() + ROUND
    this.#timer = this.#clock.after(ROUND, () => this.#round(due))
  }

  /** A connection is gone. */
  forget(connection: RelayConnection): void {
    this.#stalls.delete(connection)
    if (this.#connections.size > 0) return
    this.#timer?.()
    this.#timer = undefined
    this.#total.outgoing = 0
  }

  #round(due: number): void {
    this.#timer = undefined
    const now = this.#clock.now()
    // It was this process that stood still, or the machine: nobody else could do anything meanwhile.
    if (now - due > ROUND) this.#stalls.clear()
    this.#look(now)
    const hurry: RelayConnection[] = []
    for (const [connection, { since }] of this.#stalls) {
      if (now - since >= this.#patience() * 1000) this.#giveUp(connection)
      else if (now - since >= HURRY && this.#total.full) hurry.push(connection)
    }
    // Maps keep their order: those that have been there longest come first.
    for (const connection of hurry.slice(0, Math.ceil(hurry.length / SHARE))) this.#giveUp(connection)
    if (this.#connections.size > 0) this.watch()
  }

  #look(now: number): void {
    const { full } = this.#total
    let outgoing = 0
    for (const each of this.#connections) {
      const { waitingBytes, takenBytes } = each.connection
      outgoing += waitingBytes
      each.connection.outbox.short = full
      const stall = this.#stalls.get(each)
      if (stall !== undefined && (waitingBytes === 0 || takenBytes !== stall.taken)) this.#stalls.delete(each)
      if (waitingBytes > 0 && stall?.taken !== takenBytes) this.#stalls.set(each, { taken: takenBytes, since: now })
    }
    this.#total.outgoing = outgoing
  }

  #giveUp(stalled: RelayConnection): void {
    this.#stalls.delete(stalled)
    this.#onStalled(stalled)
    const { connection } = stalled
    connection.fail(new MsrpError('timeout', `${connection.transport.description} takes nothing of what waits for it`))
  }
}
