import type { MsrpError, ResponseHead } from '../wire/index.ts'

/** A request of ours that waits for its response. One of the three methods is called, once. */
export interface PendingRequest {
  answered(head: ResponseHead): void
  /** No response within 30 s (RFC 4975 §7.1.1). */
  timedOut(): void
  /** The connection ended before the response. */
  lost(error?: MsrpError): void
}
