/**
 * MSRP sessions on Node: connect to a peer or wait for one, directly or through relays, and exchange messages of any
 * size.
 */

import { type NodePlatformOptions, nodePlatform } from './node/node-platform.ts'
import type { Listener, PreparedSession, Session } from './session/api.ts'
import { MsrpEndpoint } from './session/endpoint.ts'
import { listenerOn } from './session/listener.ts'
import type { ConnectOptions, EndpointOptions, PrepareOptions } from './session/options.ts'
import type { ListenOptions } from './session/platform.ts'
import { checkObject } from './session/read-argument.ts'

export type { Container, ContainerView } from './mime/container.ts'
export { fileBody } from './node/file-body.ts'
export { fileHash, nodeFilePlatform } from './node/file-hash.ts'
export { FileStore, type FileStoreOptions, type StoredFile } from './node/file-store.ts'
export type {
  ConfirmedBytes,
  Finished,
  FinishOptions,
  IncomingMessage,
  Listener,
  OutgoingMessage,
  PathChange,
  PreparedSession,
  Session,
  SessionEnd,
  SessionStatistics,
  Traffic,
} from './session/api.ts'
export type { MessageBody, RandomAccessBody, StreamBody } from './session/body.ts'
export type { Envelope } from './session/envelope.ts'
export { MANDATORY_TYPES } from './session/media-types.ts'
export type {
  CompleteOptions,
  ConnectOptions,
  EndpointLimits,
  EndpointOptions,
  PathInput,
  PrepareOptions,
  RelayOptions,
  RequestFacts,
  SendOptions,
  SendProgress,
  SessionLimits,
  SessionOptions,
  Verdict,
} from './session/options.ts'
export type { FileSink, ListenOptions, SaveOptions, TlsOptions, TraceEvent } from './session/platform.ts'
export { relayUris } from './session/relay-path.ts'
export { MsrpError, type MsrpErrorCode, MsrpUri } from './wire/index.ts'

/** What an `Endpoint` on Node is made with. */
export interface NodeEndpointOptions extends EndpointOptions, NodePlatformOptions {}

/** What `listen` takes: where to listen, and everything that `prepare` takes besides. */
export type ListenerOptions = ListenOptions &
  Omit<PrepareOptions, 'listen' | 'remotePath' | 'tls'> &
  Omit<NodeEndpointOptions, 'tls'>

/**
 * A place where sessions share connections, listening sockets and what is remembered of messages and relays. `connect`,
 * `prepare` and `listen` make one for themselves, which is gone with their last session; make your own to have several
 * sessions share.
 */
export class Endpoint implements AsyncDisposable {
  readonly #endpoint: MsrpEndpoint

  /** @throws MsrpError `invalid-argument` */
  constructor(options: NodeEndpointOptions = {}) {
    checkObject('options', options)
    this.#endpoint = new MsrpEndpoint(nodePlatform(options), options)
  }

  /**
   * Connects to a peer whose path is known, directly or through a relay, and resolves when the peer has answered.
   * @throws MsrpError `unreachable`, `tls-authority`, `tls-name`, `not-msrp`, `unauthorized` (by the relay), `refused`
   *   (with the status), `timeout`, `connection-lost`, `aborted`, `invalid-argument`
   */
  async connect(options: ConnectOptions): Promise<Session> {
    checkObject('options', options)
    return this.#endpoint.connect(options)
  }

  /** Makes a local path to give out; a session begins once the peer's is known. @throws MsrpError as `connect` */
  async prepare(options: PrepareOptions = {}): Promise<PreparedSession> {
    checkObject('options', options)
    return this.#endpoint.prepare(options)
  }

  /**
   * Waits for peers: whoever sends first to the listener's path becomes the peer until its session ends.
   * @throws MsrpError `unreachable` when the port is taken, `invalid-argument`
   */
  async listen(options: Omit<ListenerOptions, keyof NodePlatformOptions> = {}): Promise<Listener> {
    checkObject('options', options)
    const { host, port, tls, publicHost, publicPort, ...rest } = options
    const place = defined({ host, port, tls, publicHost, publicPort })
    return listenerOn(await this.#endpoint.prepare({ ...rest, listen: place, remotePath: 'first' }))
  }

  /** Ends every session and closes every connection and listening socket. */
  close(): Promise<void> {
    return this.#endpoint.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** `Endpoint.connect` on an endpoint of its own. */
export async function connect(options: ConnectOptions & NodeEndpointOptions): Promise<Session> {
  return new Endpoint(options).connect(options)
}

/** `Endpoint.prepare` on an endpoint of its own. */
export async function prepare(options: PrepareOptions & NodeEndpointOptions = {}): Promise<PreparedSession> {
  return new Endpoint(options).prepare(options)
}

/** `Endpoint.listen` on an endpoint of its own. */
export async function listen(options: ListenerOptions = {}): Promise<Listener> {
  return new Endpoint(options).listen(options)
}

function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T
}
