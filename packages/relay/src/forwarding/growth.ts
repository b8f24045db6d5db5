import {
  DEFAULT_LIMITS,
  encodePaths,
  type MsrpUri,
  type ParserLimits,
  type RequestHead,
  rewriteRequestHead,
} from 'msrp/wire'

const LF = 0x0a

/** As long as what replaces them can become. */
const LONGEST_ID = 'x'.repeat(32)
const LONGEST_RANGE = { start: 2 ** 52, end: Number.MAX_SAFE_INTEGER, total: Number.MAX_SAFE_INTEGER }

/** Bytes that a head can gain here, the URIs moved from one of its lines to another left out. */
const GAIN = 200

/**
 * Whether a request becomes longer here than we would take it ourselves: each hop adds a URI to From-Path and writes its
 * own ids. Whoever sends what just fits would else have us break the connection of the next hop, who has to take us for
 * the one that breaks the rules, with all the sessions that it carries.
 */
export function outgrows(
  head: RequestHead,
  { toPath, fromPath }: { toPath: readonly MsrpUri[]; fromPath: readonly MsrpUri[] },
  limits: ParserLimits,
): boolean {
  const { headerLineBytes, headerBlockBytes, pathUris } = limits
  if (fromPath.length > pathUris) return true
  const most = head.fields.size + head.method.length + GAIN
  if (most <= headerLineBytes && most <= headerBlockBytes) return false
  return isTooLong(
    rewriteRequestHead(head, {
      transactionId: LONGEST_ID,
      paths: encodePaths(toPath, fromPath),
      byteRange: LONGEST_RANGE,
    }),
    limits,
  )
}

/** Whether a path has more URIs than we would take. */
export function pathIsTooLong(path: readonly MsrpUri[], limits: Partial<ParserLimits> = {}): boolean {
  return path.length > (limits.pathUris ?? DEFAULT_LIMITS.pathUris)
}

/** Whether a head, as it would be written, is longer than the limits for what is read, or has a line that is. */
export function isTooLong(head: Uint8Array, limits: Partial<ParserLimits> = {}): boolean {
  const { headerLineBytes, headerBlockBytes } = { ...DEFAULT_LIMITS, ...limits }
  if (head.length > headerBlockBytes) return true
  if (head.length <= headerLineBytes) return false
  for (let start = 0; start < head.length; ) {
    const next = head.indexOf(LF, start) + 1 || head.length
    if (next - start > headerLineBytes) return true
    start = next
  }
  return false
}
