/**
 * What went wrong, for programs to decide on. The set grows with versions, so a `switch` over it needs a default.
 *
 * - `malformed`: the peer sent what the grammar does not allow.
 * - `limit-exceeded`: the peer sent more than a documented limit allows.
 * - `invalid-argument`: the caller of this library gave a value that cannot be used.
 * - `unreachable`: no connection could be made: refused, no such name, no route, or the local port is taken.
 * - `tls-authority`: the peer's certificate was not issued by an authority that is trusted.
 * - `tls-name`: the peer's certificate is valid but names another host.
 * - `tls-fingerprint`: the peer's certificate is not the one that its description announced (RFC 8122).
 * - `not-msrp`: what answers there does not speak MSRP.
 * - `unauthorized`: the relay did not accept the user name or the password.
 * - `token-expired`: the relay no longer knows the path it handed out.
 * - `refused`: the peer answered with the status in `status`, or said no in a notification (RFC 5438).
 * - `connection-lost`: the connection broke while it was needed.
 * - `timeout`: no answer within the time the standard gives.
 * - `report-timeout`: everything was sent, but no REPORT covered it in time.
 * - `aborted`: the caller gave up, or the sender abandoned the message.
 * - `closed`: the session or connection was closed before.
 * - `queue-full`: more waits to be sent than was allowed to.
 * - `type-not-accepted`: the peer's description does not list this media type.
 * - `not-understood`: the message requires a header or feature that is not known here (RFC 3862 §3.5), or it is written in
 *   a charset or transfer encoding that is not.
 * - `not-acceptable`: nothing of what a session description offers or answers can be taken (SIP: 488).
 * - `glare`: both sides made an offer at the same time (SIP: 491).
 * - `offer-due`: an answer can only be followed by another offer.
 * - `too-large`: the message exceeds what the receiver takes.
 * - `storage`: a file could not be written, or what was stored could not be read back.
 * - `file-unreadable`: a file to be sent is missing or cannot be read.
 * - `file-mismatch`: a file that arrived is not the one that was described (RFC 5547 §8.3.1).
 * - `internal`: a fault of this library.
 */
export type MsrpErrorCode =
  | 'malformed'
  | 'limit-exceeded'
  | 'invalid-argument'
  | 'unreachable'
  | 'tls-authority'
  | 'tls-name'
  | 'tls-fingerprint'
  | 'not-msrp'
  | 'unauthorized'
  | 'token-expired'
  | 'refused'
  | 'connection-lost'
  | 'timeout'
  | 'report-timeout'
  | 'aborted'
  | 'closed'
  | 'queue-full'
  | 'type-not-accepted'
  | 'not-understood'
  | 'not-acceptable'
  | 'glare'
  | 'offer-due'
  | 'too-large'
  | 'storage'
  | 'file-unreadable'
  | 'file-mismatch'
  | 'internal'

/** What an `MsrpError` may carry beside its code and message. */
export interface MsrpErrorOptions {
  /** The MSRP status code that stands behind the error, when the wire had one. */
  readonly status?: number
  /** The error of the platform that led to this one. */
  readonly cause?: unknown
}

/** The one error class of this library: decide on `code`, show `message`. */
export class MsrpError extends Error {
  override readonly name = 'MsrpError'
  readonly code: MsrpErrorCode
  readonly status?: number

  constructor(code: MsrpErrorCode, message: string, options: MsrpErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    if (options.status !== undefined) this.status = options.status
  }
}
