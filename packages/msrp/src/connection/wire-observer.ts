import type { ContinuationFlag } from '../wire/index.ts'

/** Watches what passes on a connection, in both directions; it costs nothing while none is attached. */
export interface WireObserver {
  /**
   * A start-line and header fields, as text, one line each, without the end-line. It shows credentials as they are: what
   * is kept or displayed has to be masked with `maskCredentials`.
   */
  head(direction: 'in' | 'out', text: string): void
  /** An end of a request or response, with the body bytes it carried. */
  end(direction: 'in' | 'out', transactionId: string, flag: ContinuationFlag, bodyBytes: number): void
}
