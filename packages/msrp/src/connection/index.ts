/**
 * One connection between two MSRP nodes, endpoints or relays: what goes out in which order, who waits for a response, and
 * the seams to sockets and clocks. Pure: time and bytes come from outside.
 */
export type { ChunkOpening, ChunkPiece, ChunkSource, SentChunk } from './chunk-source.ts'
export type { Cancel, Clock } from './clock.ts'
export { maskCredentials } from './mask-credentials.ts'
export { MessageAssembly } from './message-assembly.ts'
export { MsrpConnection, type MsrpConnectionHandler, type MsrpConnectionOptions } from './msrp-connection.ts'
export { INTERRUPTIBLE_FROM, Outbox } from './outbox.ts'
export { type Identified, type OpenTable, type RequestTable, TransactionTable } from './transaction-table.ts'
export { TRANSACTION_TIMEOUT, Transactions } from './transactions.ts'
export type { MessageFraming, Transport, TransportHandler } from './transport.ts'
export { observeText, type WireObserver, type WireReader } from './wire-observer.ts'
