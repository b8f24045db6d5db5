import type { Cancel, Clock } from 'msrp/connection'
import type { HeaderFields, Paths } from 'msrp/wire'
import type { Flow } from './flow.ts'
import { LEAST_PER_CONNECTION, type TotalBuffer } from './total-buffer.ts'

/** Different paths that one connection can send messages along at once, and bytes that are kept of them. */
const FLOWS = 1024
const FLOWS_BYTES = 4 * 1024 * 1024

/** The same when nothing happens. */
const IDLE_FLOWS = 64
const IDLE_BYTES = 64 * 1024

/** So many stay in any case: a connection that carries several sessions is one, however long their paths. */
const LEAST_FLOWS = 2

/** How often idle ones are looked for, in milliseconds. */
const ROUND = 5000

/**
 * What comes in over one connection and leaves elsewhere: a flow for each two paths that messages come with. One that is
 * idle may go at any time, since the next message of the same paths makes it anew.
 */
export class Flows {
  readonly #clock: Clock
  readonly #total: TotalBuffer
  #flows: Map<string, Flow> | undefined
  /** The same by the paths of the last message, as the parser remembers them. */
  #byPaths: Map<Paths, Flow> | undefined
  /** Bytes kept of those that have not left, though others may have taken their places. */
  #bytes = 0
  #timer: Cancel | undefined

  constructor(clock: Clock, total: TotalBuffer) {
    this.#clock = clock
    this.#total = total
  }

  get size(): number {
    return this.#flows?.size ?? 0
  }

  [Symbol.iterator](): IterableIterator<Flow> {
    return (this.#flows ?? new Map<string, Flow>()).values()
  }

  get(key: string): Flow | undefined {
    return this.#flows?.get(key)
  }

  /** The flow of paths that are the very ones it was given last. */
  of(paths: Paths): Flow | undefined {
    return this.#byPaths?.get(paths)
  }

  /** A message of a flow came with its paths in this shape. */
  note(flow: Flow, fields: HeaderFields): void {
    const { paths } = fields
    this.#byPaths ??= new Map()
    if (flow.noted !== undefined) this.#byPaths.delete(flow.noted)
    flow.noted = paths
    this.#byPaths.set(paths, flow)
    // Messages that are kept have them in common, however often they were read.
    fields.paths = flow.paths
  }

  /** Makes room for a flow of that many bytes, at the expense of idle ones; false when there is none. */
  makeRoom(bytes: number): boolean {
    const most = (this.#total.full ? LEAST_PER_CONNECTION : FLOWS_BYTES) - bytes
    for (const flow of this) {
      if (this.size < FLOWS && this.#bytes <= most) return true
      if (flow.spare) flow.finish()
    }
    return this.size < FLOWS && this.#bytes <= most
  }

  add(flow: Flow): void {
    this.#flows ??= new Map()
    this.#flows.set(flow.key, flow)
    // The second one makes the connection one that carries several: nobody's slow receiver holds it.
    if (this.size === 2) for (const each of this) each.letGo()
    this.#count(flow.overhead)
    this.#timer ??= this.#clock.after(ROUND, () => this.#round())
  }

  /** A flow has left. */
  remove(flow: Flow): void {
    if (this.#flows?.get(flow.key) === flow) this.#flows.delete(flow.key)
    if (flow.noted !== undefined) this.#byPaths?.delete(flow.noted)
    this.#count(-flow.overhead)
  }

  /** The connection is gone: what arrived still goes out. */
  finish(): void {
    this.#timer?.()
    this.#timer = undefined
    for (const flow of [...this]) flow.finish()
  }

  #round(): void {
    this.#timer = undefined
    for (const flow of this) {
      if (this.size <= LEAST_FLOWS || (this.size <= IDLE_FLOWS && this.#bytes <= IDLE_BYTES)) return
      if (flow.spare && flow.unanswered === 0) flow.finish()
    }
    this.#timer = this.#clock.after(ROUND, () => this.#round())
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#total.kept += bytes
  }
}
