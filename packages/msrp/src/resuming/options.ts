import type { Clock } from '../connection/clock.ts'
import type { Session, SessionEnd } from '../session/api.ts'
import type { MsrpError, RandomBytes } from '../wire/index.ts'
import type { BackOff } from './back-off.ts'

/** What `next` gets to know. */
export interface NextContext {
  /** 1 for the first try after a loss, or for the very first session. */
  readonly attempt: number
  /** Why the session before was lost; undefined for the first one. */
  readonly error: MsrpError | undefined
  /** Aborted when nobody wants the session any more: closed here, or given up. A session that comes later is closed. */
  readonly signal: AbortSignal
  /**
   * Says that all sessions of this `ResumingSession` have the same peer: give it to `connect` or `prepare` wherever paths
   * change, so that messages that were coming in go on in the next session.
   */
  readonly resumeKey: string
}

/** What happens to a `ResumingSession` on its way. */
export type ResumingEvent =
  /** A session is there; `resent` messages of ours go out again over it. */
  | { readonly kind: 'open'; readonly session: Session; readonly resent: number }
  /** It was lost. */
  | { readonly kind: 'lost'; readonly error: MsrpError }
  /** The next attempt begins in `delay` milliseconds. */
  | { readonly kind: 'waiting'; readonly attempt: number; readonly delay: number }
  /** `next` has failed; there may be another attempt. */
  | { readonly kind: 'failed'; readonly attempt: number; readonly error: MsrpError }
  /** There is none: `closed` settles with the same error. */
  | { readonly kind: 'given-up'; readonly error: MsrpError }

/** How a session is kept alive over several connections. Times in milliseconds, sizes in bytes. */
export interface ResumingOptions {
  /**
   * Gets the first session and, after each loss, the next one: offers again and completes the answer, connects again, or waits
   * for the peer to come back. RFC 4975 §5.4 wants a new exchange of paths: neither side may count on the old ones. An
   * `MsrpError` that would come again (`unauthorized`, `tls-…`, `invalid-argument`) or none at all ends the attempts.
   */
  readonly next: (context: NextContext) => Promise<Session | undefined>
  readonly backOff?: Partial<BackOff>
  /** Attempts in a row before it is given up. Default: no limit but `within`. */
  readonly attempts?: number
  /** Time without a session before it is given up, from the beginning and after each loss. Default 300 000. */
  readonly within?: number
  /**
   * Whether the end of a session is a loss. Default: every end that did not come from here. A peer whose process dies, or that
   * gives its connection up for another, closes it in order, and that it hangs up is said elsewhere, as by a BYE: call `close`
   * then. Where nothing else says it, `({ by }) => by === 'failure'` takes an orderly end for the end.
   */
  readonly isLoss?: (end: SessionEnd) => boolean
  /** How often a message is sent again without a further byte of it being confirmed. Default 5. */
  readonly resends?: number
  /** How much may be unconfirmed, with a session or without; beyond it messages fail with `queue-full`. */
  readonly queue?: {
    /** Messages that are not delivered. Default 1 000. */
    readonly messages?: number
    /** Bytes of them in memory: strings and bytes. Default 16 MiB. */
    readonly bytes?: number
  }
  /** Bytes of each outgoing stream that are held until they are confirmed. Default 4 MiB. */
  readonly streamMemory?: number
  /** How long a message that was coming in may wait for its rest once there is a session again. Default 60 000. */
  readonly continueWithin?: number
  /** Closes it. */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: ResumingEvent) => void
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomBytes
}
