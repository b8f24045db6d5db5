import { MsrpError, type ResponseHead } from '../../wire/index.ts'

/**
 * What the relay client needs of a connection. An `MsrpConnection` whose owner remembers requests as `AuthTransaction`
 * (among others) is one as it stands. The owner passes what becomes of a request on to it: see `AuthTransaction`.
 */
export interface AuthConnection {
  readonly transport: {
    /** For errors: protocol and far address. */
    readonly description: string
    /** True when protected by TLS: AUTH is sent over nothing else. */
    readonly secure: boolean
  }
  /** False once it is closing or closed: nothing can be sent any more. */
  readonly open: boolean
  /** What has arrived of a head that is not complete. */
  readonly partialHead: string | undefined
  newTransactionId(): string
  /** Sends a whole request and remembers `pending` until its response, its timeout (30 s) or the connection's end. */
  sendRequest(transactionId: string, bytes: Uint8Array, pending: AuthTransaction): void
  /** Forgets a request: what comes for it later is dropped. */
  forget(transactionId: string): unknown
  /** Closes at once. */
  fail(error: MsrpError | undefined): void
}

/** What became of an AUTH request. */
export type AuthOutcome =
  | { readonly kind: 'response'; readonly head: ResponseHead }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'lost'; readonly error: MsrpError }

/** An AUTH request that waits for its response. Whoever owns the connection calls one of the three methods, once. */
export class AuthTransaction {
  readonly transactionId: string
  /** Never rejects. */
  readonly outcome: Promise<AuthOutcome>
  readonly #settle: (outcome: AuthOutcome) => void

  constructor(transactionId: string) {
    const { promise, resolve } = Promise.withResolvers<AuthOutcome>()
    this.transactionId = transactionId
    this.outcome = promise
    this.#settle = resolve
  }

  /** Its response has arrived. */
  answered(head: ResponseHead): void {
    this.#settle({ kind: 'response', head })
  }

  /** No response within 30 s (RFC 4975 §7.1.1). */
  timedOut(): void {
    this.#settle({ kind: 'timeout' })
  }

  /** The connection ended before the response. */
  lost(error?: MsrpError): void {
    this.#settle({
      kind: 'lost',
      error: error ?? new MsrpError('connection-lost', 'the relay closed the connection before it answered AUTH'),
    })
  }
}
