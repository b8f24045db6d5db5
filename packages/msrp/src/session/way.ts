import type { MsrpError, MsrpUri } from '../wire/index.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { CompleteOptions, SessionOptions } from './options.ts'
import type { MsrpSession } from './session.ts'

/** How a local path and its peers get to each other: through relays of ours, or without. */
export interface Way {
  /** Our relays, nearest first. */
  readonly relays: readonly MsrpUri[]
  /** Those before the latest change: a peer that was given that path may come over it until it expires. */
  readonly formerRelays?: readonly MsrpUri[] | undefined
  /** Of our certificate, where it shows. */
  readonly fingerprints?: readonly string[]
  /** There is a listening socket, so that the peer connects unless something else is said. */
  readonly listens?: boolean
  /** It is in use from now on. */
  begin?(user: WayUser): void
  /** Whether a peer may come over this connection. */
  admits(connection: EndpointConnection): boolean
  /** Whether a peer can be reached, or can come, as it is wanted. @throws MsrpError `invalid-argument` */
  check(options: SessionOptions, path: readonly MsrpUri[], active: boolean): void
  /** Finds a connection to a peer; `start` uses it at once, before it may close. @throws MsrpError */
  connect(
    path: readonly MsrpUri[],
    options: SessionOptions,
    how: CompleteOptions,
    start: (connection: EndpointConnection) => MsrpSession,
  ): MsrpSession | Promise<MsrpSession>
  /** When who sent a request has not shown the certificate that it has to have: sends it away, and tells why. */
  distrust?(options: SessionOptions, request: IncomingRequest, connection: EndpointConnection): MsrpError | undefined
  /** Lets a session go on over another connection, from which a request of its peer came; false when it has to stay. */
  move?(session: MsrpSession, request: IncomingRequest, connection: EndpointConnection): boolean
  /** No further peer is to come. */
  close?(): Promise<void>
  /** The last session has ended as well. `closeTimeout`: that of the session options. */
  release?(closeTimeout?: number): void
}

/** Who uses a way: a local path. */
export interface WayUser {
  /** There are other relays; the former ones still work for so many milliseconds. */
  changed(oldExpiresIn: number): void
  /** It leads nowhere any more; without error when the far side closed it in order. */
  lost(error: MsrpError | undefined): void
}
