/**
 * Sockets, WebSockets, TLS, names, files and clocks of Node, as `msrp` and `msrp-relay` use them. For an endpoint or relay of
 * one's own on `msrp/connection`.
 */
export type { TlsMaterial } from './certificates.ts'
export { type Dialed, type DialOptions, type DialTls, dial } from './dial.ts'
export { dialWebSocket, type WebSocketDialOptions } from './dial-web-socket.ts'
export { fileHash, nodeFilePlatform } from './file-hash.ts'
export { FileLock } from './file-lock.ts'
export { FileSource, type FileSourceOptions } from './file-source.ts'
export { FileStore, type FileStoreOptions, type StoredFile } from './file-store.ts'
export { certificateDigest, ownFingerprints } from './fingerprint.ts'
export { numberedNames } from './free-name.ts'
export { IncomingFile, type IncomingFileOptions } from './incoming-file.ts'
export {
  type Accepted,
  type ListenSocketsOptions,
  type ListenTls,
  listenSockets,
  type ProxyOptions,
  type SocketAddress,
  SocketListener,
} from './listen-sockets.ts'
export { makeFolder } from './make-folder.ts'
export { nodeClock } from './node-clock.ts'
export { nodeHash, nodeRandom } from './node-crypto.ts'
export { type NodePlatformOptions, nodePlatform } from './node-platform.ts'
export { type NodeResolverOptions, nodeResolver, type Resolver, type SrvTarget } from './resolver.ts'
export { SocketTransport, type SocketTransportOptions } from './socket-transport.ts'
export { Spool, type SpoolOptions } from './spool.ts'
export { orderSrv, type SrvRecord } from './srv-order.ts'
export { storageError, unreadable } from './storage-error.ts'
export type { TlsFacts } from './tls-facts.ts'
export {
  MESSAGE_BYTES,
  MOST_MESSAGE_BYTES,
  type OpenWebSocket,
  WebSocketTransport,
  type WebSocketTransportOptions,
} from './web-socket-transport.ts'
