/**
 * MSRP sessions on Node: connect to a peer or wait for one, directly or through relays, and exchange messages of any
 * size.
 */

import type { Listener, PreparedSession, Session } from './session/api.ts'
import type { RandomAccessBody } from './session/body.ts'
import type { ConnectOptions, EndpointOptions, PrepareOptions } from './session/options.ts'
import type { ListenOptions } from './session/platform.ts'
import { MsrpError } from './wire/index.ts'

export type {
  ConfirmedBytes,
  IncomingMessage,
  Listener,
  OutgoingMessage,
  PathChange,
  PreparedSession,
  Session,
  SessionEnd,
} from './session/api.ts'
export type { MessageBody, RandomAccessBody, StreamBody } from './session/body.ts'
export type {
  CompleteOptions,
  ConnectOptions,
  EndpointOptions,
  PathInput,
  PrepareOptions,
  ReceiveLimits,
  RelayOptions,
  RequestFacts,
  SendOptions,
  SendProgress,
  SessionOptions,
  Verdict,
} from './session/options.ts'
export type { FileSink, ListenOptions, SaveOptions, TlsOptions, TraceEvent } from './session/platform.ts'
export { MsrpError, type MsrpErrorCode, MsrpUri } from './wire/index.ts'

/** What is particular to Node. */
export interface NodeEndpointOptions extends EndpointOptions {
  /** Addresses for names, asked before anything else. */
  readonly resolve?: Readonly<Record<string, string | readonly string[]>>
  /** Folder for what overflows memory. Default: the system's temporary folder. */
  readonly temporaryFolder?: string
}

/** What `listen` takes: where to listen, and everything that `prepare` takes besides. */
export type ListenerOptions = ListenOptions &
  Omit<PrepareOptions, 'listen' | 'remotePath' | 'tls'> &
  NodeEndpointOptions

/**
 * A place where sessions share connections, listening sockets and what is remembered of messages. `connect`, `prepare`
 * and `listen` make one for themselves; make your own to have several sessions share.
 */
export class Endpoint implements AsyncDisposable {
  constructor(options: NodeEndpointOptions = {}) {
    void options
  }

  connect(_options: ConnectOptions): Promise<Session> {
    return Promise.reject(new MsrpError('internal', 'not built yet'))
  }

  prepare(_options: PrepareOptions = {}): Promise<PreparedSession> {
    return Promise.reject(new MsrpError('internal', 'not built yet'))
  }

  /** Ends every session and closes every connection and listening socket. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Connects to a peer whose path is known, directly or through a relay, and resolves when the peer has answered. */
export function connect(options: ConnectOptions & NodeEndpointOptions): Promise<Session> {
  return new Endpoint(options).connect(options)
}

/** Makes a local path to give out; the session begins once the peer's is known. */
export function prepare(options: PrepareOptions & NodeEndpointOptions = {}): Promise<PreparedSession> {
  return new Endpoint(options).prepare(options)
}

/** Waits for peers: whoever sends first to the listener's path becomes the peer until its session ends. */
export function listen(_options: ListenerOptions = {}): Promise<Listener> {
  return Promise.reject(new MsrpError('internal', 'not built yet'))
}

/** A file to send, read piece by piece as it goes out. @throws MsrpError `storage` when it cannot be opened. */
export function fileBody(_path: string): Promise<RandomAccessBody> {
  return Promise.reject(new MsrpError('internal', 'not built yet'))
}
