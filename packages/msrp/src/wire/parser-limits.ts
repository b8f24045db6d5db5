import { MAX_PATH_URIS } from './uri-path.ts'

/** What a peer may send before the parser gives the connection up with `limit-exceeded`. */
export interface ParserLimits {
  /** Bytes of one line of a head, its CRLF included. Default 8192: a path of sixteen URIs of 500 bytes. */
  readonly headerLineBytes: number
  /** Bytes of a whole head, with its blank line or end-line. Default 16384. The parser never keeps more of a head. */
  readonly headerBlockBytes: number
  /** URIs in To-Path and in From-Path. Default 16. */
  readonly pathUris: number
  /** Bytes of the body of anything but SEND. Default 10240, which is what RFC 4975 §7.1 allows. */
  readonly nonSendBodyBytes: number
}

/** The limits that hold unless others are given. */
export const DEFAULT_LIMITS: ParserLimits = {
  headerLineBytes: 8192,
  headerBlockBytes: 16384,
  pathUris: MAX_PATH_URIS,
  nonSendBodyBytes: 10240,
}

/** The limits given, and the defaults for those that are not. */
export function withDefaults(limits: Partial<ParserLimits>): ParserLimits {
  return {
    headerLineBytes: limits.headerLineBytes ?? DEFAULT_LIMITS.headerLineBytes,
    headerBlockBytes: limits.headerBlockBytes ?? DEFAULT_LIMITS.headerBlockBytes,
    pathUris: limits.pathUris ?? DEFAULT_LIMITS.pathUris,
    nonSendBodyBytes: limits.nonSendBodyBytes ?? DEFAULT_LIMITS.nonSendBodyBytes,
  }
}
