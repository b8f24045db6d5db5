/**
 * Files (RFC 5547): what a session description says of them, and their transfer over sessions, verified and resumable. Pure:
 * hashes and storage are handed in, see `msrp/node` and `msrp/browser`.
 */
export { type DisposedFile, fileContentDisposition, readFileDisposition } from './content-disposition.ts'
export { type FileDates, formatDate, formatFileDates, parseDate, parseFileDates } from './file-date.ts'
export {
  type AttributeSource,
  FILE_CAPABILITY,
  type FileDescription,
  formatFileDescription,
  parseFileDescription,
} from './file-description.ts'
export { type FileDisposition, formatFileDisposition, parseFileDisposition } from './file-disposition.ts'
export {
  FILE_HASHES,
  type FileHash,
  type FileHashAlgorithm,
  formatFileHash,
  isKnownHash,
  parseFileHash,
} from './file-hash.ts'
export { type CreateHash, FileHasher, type IncrementalHash, type ReadBytes } from './file-hasher.ts'
export { formatFileIcon, parseFileIcon } from './file-icon.ts'
export { describeWithIcons, type FileIcon, readDescription, type SignalledBody } from './file-icon-body.ts'
export { type FileRange, formatFileRange, parseFileRange, positionsOf, sameRange, WHOLE_FILE } from './file-range.ts'
export { type FileSelector, formatFileSelector, parseFileSelector } from './file-selector.ts'
export type { ArrivedFacts, FileTarget } from './file-target.ts'
export type { FilePlatform, FileTransfer } from './file-transfer.ts'
export { newFileTransferId, parseFileTransferId } from './file-transfer-id.ts'
export {
  FileTransfers,
  type FileTransfersOptions,
  type OfferFileOptions,
  type RequestFileOptions,
} from './file-transfers.ts'
export { type HashOptions, type LocalFile, selectorOf, withHashes } from './local-file.ts'
export type { OfferedFile, RequestedFile, UndecidedFile } from './offered-file.ts'
export { type ReceivedFile, type ReceiveFileOptions, receiveFile } from './receive-file.ts'
export type { ReceiveTransfer, ReceiveTransferOptions } from './receive-transfer.ts'
export { safeFileName } from './safe-file-name.ts'
export { fits, sameFile, selectFiles } from './selection.ts'
export { type FileProgress, type FileSending, type SendFileOptions, sendFile } from './send-file.ts'
export type { SendTransfer, SendTransferOptions } from './send-transfer.ts'
