/**
 * MSRP on the wire: bytes to values and back (RFC 4975 §9, RFC 4976 §7, RFC 7701 §7). Pure: no clock, no socket, no
 * randomness or hash of its own.
 */
export { isAttachment } from './attachment.ts'
export {
  type AuthenticationInfo,
  formatAuthenticationInfo,
  parseAuthenticationInfo,
} from './authentication-info.ts'
export { concatenate } from './byte-pool.ts'
export { type ByteRange, formatByteRange, parseByteRange } from './byte-range.ts'
export { type Challenge, formatChallenge, isAnswerable, parseChallenge, parseChallenges } from './challenge.ts'
export { textDecoderOf, textOfBody } from './charset.ts'
export { type ChunkHandler, ChunkParser, type ChunkReader, type OpenReader } from './chunk-parser.ts'
export {
  type ContentDisposition,
  formatContentDisposition,
  parseContentDisposition,
} from './content-disposition.ts'
export { type Credentials, formatCredentials, parseCredentials } from './credentials.ts'
export {
  type DigestAlgorithm,
  type DigestInput,
  digestAlgorithm,
  digestAlgorithmName,
  digestResponse,
  formatNonceCount,
  type Hash,
  ha1,
  rspauth,
} from './digest.ts'
export {
  encodeEndLine,
  encodePaths,
  encodeRequest,
  encodeResponse,
  encodeShortResponse,
  encodeWholeRequest,
  type RequestParts,
  type ResponseParts,
} from './encode.ts'
export { EndLineSearch } from './end-line-search.ts'
export { FieldLines } from './field-lines.ts'
export { FIELD_NAMES, type FieldName } from './field-names.ts'
export type { Field } from './field-order.ts'
export {
  FINGERPRINT_HASHES,
  type Fingerprint,
  type FingerprintHash,
  formatFingerprint,
  parseFingerprints,
} from './fingerprint.ts'
export type { ContinuationFlag, Head, RequestHead, ResponseHead } from './head.ts'
export { type FailureReport, HeaderFields } from './header-fields.ts'
export { isIdent, newMessageId, newSessionId, newTransactionId, type RandomBytes } from './ident.ts'
export { acceptsType, bareType, type MediaType, parseMediaType } from './media-type.ts'
export { MessageReader } from './message-reader.ts'
export { MsrpError, type MsrpErrorCode, type MsrpErrorOptions } from './msrp-error.ts'
export { MsrpUri, type MsrpUriParts, type UriParameter } from './msrp-uri.ts'
export { parseNickname } from './nickname.ts'
export { canonicalIpv6, isNumericHost } from './numeric-host.ts'
export { DEFAULT_LIMITS, type ParserLimits } from './parser-limits.ts'
export type { Paths } from './path-cache.ts'
export { formatQuotedString, parseQuotedString } from './quoted-string.ts'
export { requestFlaw } from './request-flaw.ts'
export { type RequestRewriting, type Rewriting, rewriteRequestHead, rewriteResponse } from './rewrite.ts'
export { formatStatus, parseStatus, reasonPhrase, type Status } from './status.ts'
export { formatPath, MAX_PATH_URIS, parsePath } from './uri-path.ts'
