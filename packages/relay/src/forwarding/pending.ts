import type { ResponseHead } from 'msrp/wire'
import type { Token } from './token.ts'

/** What is remembered of a request that was forwarded, until the next hop has answered it. */
export interface Pending {
  /** Our tokens on its way, in the order they were visited. */
  readonly tokens: readonly Token[]
  /** The next hop has answered. */
  answered(head: ResponseHead): void
  /** There is no answer, or it does not matter any more; its sender is told why. */
  unanswered(status: number, comment: string): void
  /** Only a refusal would have been answered, and none is waited for any more. */
  forgotten?(): void
}
