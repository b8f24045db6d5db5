import type { MsrpError } from '../wire/index.ts'
import type { BlockSpool } from './block-spool.ts'
import type { FlowRoom } from './flow-gate.ts'
import type { AnyBody } from './incoming-body.ts'

/** What the bodies of a session share. */
export interface BodyShare extends FlowRoom {
  /** Bytes in memory that one body may hold. */
  readonly window: number
  readonly spool: BlockSpool | undefined
  /** They hold so many bytes more, or less, in memory. */
  memory(change: number): void
}

/** The message around a body: what it may use, and whom to tell. */
export interface BodyRoom {
  readonly shared: BodyShare
  /** The first `until` bytes have reached their reader, without a gap; `finished` when that is all and for good. */
  progress(until: number, finished: boolean): void
  /** The body cannot be taken any further. */
  failed(error: MsrpError): void
  /** Another body takes the place of this one. */
  grown(body: AnyBody): void
}
