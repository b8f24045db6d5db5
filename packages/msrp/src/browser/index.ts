/**
 * MSRP sessions in a browser: through a relay that is reached by WebSocket (RFC 7977), otherwise as `msrp` has them.
 */

import type { PreparedSession, Session } from '../session/api.ts'
import { MsrpEndpoint } from '../session/endpoint.ts'
import type {
  ConnectOptions as AnyConnectOptions,
  PrepareOptions as AnyPrepareOptions,
  EndpointOptions,
  RelayOptions,
} from '../session/options.ts'
import { browserPlatform } from './browser-platform.ts'

export type { Container, ContainerView } from '../mime/container.ts'
export type {
  ConfirmedBytes,
  Finished,
  FinishOptions,
  IncomingMessage,
  OutgoingMessage,
  PathChange,
  PreparedSession,
  Session,
  SessionEnd,
  SessionStatistics,
  Traffic,
} from '../session/api.ts'
export type { MessageBody, RandomAccessBody, StreamBody } from '../session/body.ts'
export type { Envelope } from '../session/envelope.ts'
export { MANDATORY_TYPES } from '../session/media-types.ts'
export type {
  CompleteOptions,
  EndpointLimits,
  EndpointOptions,
  PathInput,
  RelayOptions,
  RequestFacts,
  SendOptions,
  SendProgress,
  SessionLimits,
  SessionOptions,
  Verdict,
} from '../session/options.ts'
export type { FileSink, TraceEvent } from '../session/platform.ts'
export { MsrpError, type MsrpErrorCode, MsrpUri } from '../wire/index.ts'

export { browserFilePlatform, fileHash } from './file-hash.ts'
export { fileSink, type WritableFile } from './file-sink.ts'

/** As for `msrp`, but there has to be a relay, given by a `wss:` URL; certificates are the browser's business. */
export type ConnectOptions = Omit<AnyConnectOptions, 'tls' | 'relay' | 'peerFingerprint'> & {
  readonly relay: RelayOptions
}

/** As for `msrp`, with a relay; nothing else can be waited at. */
export type PrepareOptions = Omit<AnyPrepareOptions, 'tls' | 'relay' | 'listen' | 'peerFingerprint'> & {
  readonly relay: RelayOptions
}

/** What an `Endpoint` in a browser is made with. */
export type BrowserEndpointOptions = Omit<EndpointOptions, 'tls'>

/** A place where sessions share what is remembered of messages and relays. Each has a WebSocket of its own. */
export class Endpoint implements AsyncDisposable {
  readonly #endpoint: MsrpEndpoint

  constructor(options: BrowserEndpointOptions = {}) {
    this.#endpoint = new MsrpEndpoint(browserPlatform, options)
  }

  /**
   * Connects to a peer whose path is known, and resolves when the peer has answered.
   * @throws MsrpError `unreachable`, `not-msrp`, `unauthorized` (by the relay), `refused` (with the status), `timeout`,
   *   `connection-lost`, `aborted`, `invalid-argument`
   */
  connect(options: ConnectOptions): Promise<Session> {
    return this.#endpoint.connect(options)
  }

  /** Makes a local path to give out; a session begins once the peer's is known. @throws MsrpError as `connect` */
  prepare(options: PrepareOptions): Promise<PreparedSession> {
    return this.#endpoint.prepare(options)
  }

  /** Ends every session and closes every connection. */
  close(): Promise<void> {
    return this.#endpoint.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** `Endpoint.connect` on an endpoint of its own. */
export function connect(options: ConnectOptions & BrowserEndpointOptions): Promise<Session> {
  return new Endpoint(options).connect(options)
}

/** `Endpoint.prepare` on an endpoint of its own. */
export function prepare(options: PrepareOptions & BrowserEndpointOptions): Promise<PreparedSession> {
  return new Endpoint(options).prepare(options)
}
