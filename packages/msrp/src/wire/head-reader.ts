import { keepBytes } from './byte-pool.ts'
import type { EndLine } from './end-line.ts'
import { FieldLines } from './field-lines.ts'
import { FIELD_NAMES } from './field-names.ts'
import type { ContinuationFlag, Head } from './head.ts'
import { HeaderFields, readPaths } from './header-fields.ts'
import { MsrpError } from './msrp-error.ts'
import type { ParserLimits } from './parser-limits.ts'
import { type KnownPaths, PathCache, type Paths } from './path-cache.ts'
import { shown } from './shown.ts'
import { mayBeStartLine, parseStartLine, type StartLine } from './start-line.ts'
import { decodeText } from './utf8.ts'

const CR = 0x0d
const LF = 0x0a
const HYPHEN = 0x2d

const FIRST_CARRY = 512
/** Most lines are no longer than this. */
const NEAR = 64

/** Heads have fewer lines: no room is kept for more. */
const MANY = 64

const TO_PATH = FIELD_NAMES.indexOf('To-Path')
const FROM_PATH = FIELD_NAMES.indexOf('From-Path')

/** A head that is complete. */
export interface ReadHead {
  readonly head: Head
  /** The end-line came directly after the fields, so that there is no body. */
  readonly flag: ContinuationFlag | undefined
}

/**
 * Reads start-line and header fields line by line. Lines stay where they lie as long as the head is in one piece; what
 * straddles pieces is carried in a buffer that the limits bound.
 */
export class HeadReader {
  readonly #limits: ParserLimits
  readonly #endLine: EndLine
  readonly #paths: PathCache = new PathCache()
  /** The paths of the head under way, when they were known. */
  #known: KnownPaths | undefined
  #carry: Uint8Array | undefined
  #carried = 0
  // Where the line under way and the first field line begin, counted from the beginning of the head.
  #lineStart = 0
  #fieldsStart = 0
  #startLine: StartLine | undefined
  // Where field lines end, counted from the first one; only the first #lines of them are of this head.
  readonly #lineEnds: number[] = []
  #lines = 0
  // The fields of the last head, which are often those of the next.
  #likely: readonly number[] = []
  #result: ReadHead | undefined

  constructor(limits: ParserLimits, endLine: EndLine) {
    this.#limits = limits
    this.#endLine = endLine
  }

  /** What has been carried over of a head that is not complete. */
  get text(): string {
    return this.#carry === undefined ? '' : decodeText(this.#carry, 0, this.#carried)
  }

  /** The head that `read` completed, once. */
  take(): ReadHead | undefined {
    const result = this.#result
    this.#result = undefined
    return result
  }

  /** Reads from `offset` to the end of the head or of the bytes, whichever comes first, and says where that is. */
  read(bytes: Uint8Array, offset: number): number {
    // What lies before this has been copied to the carry; without a carry the head begins here.
    let kept = offset
    let at = offset
    for (;;) {
      if (this.#carried === 0 && this.#lines === 0 && this.#startLine !== undefined) at = this.#skipPaths(bytes, at)
      const lineFeed = lineFeedIn(bytes, at)
      const next = lineFeed === -1 ? bytes.length : lineFeed + 1
      if (this.#isTooLong(this.#carried + next - kept)) this.#giveUp(bytes, kept, next)
      if (lineFeed === -1) break
      at = next
      if (this.#carried === 0) {
        if (this.#takeLine(bytes, kept, next)) return next
        continue
      }
      const carry = this.#append(bytes, kept, next)
      kept = next
      if (this.#takeLine(carry, 0, this.#carried)) return next
    }
    const carry = this.#append(bytes, kept, bytes.length)
    this.#refuseOtherProtocol(carry)
    return bytes.length
  }

  /** Takes the two lines of paths that are known; says where the next line begins. */
  #skipPaths(bytes: Uint8Array, at: number): number {
    const known = this.#paths.standingAt(bytes, at)
    if (known === undefined) return at
    this.#known = known
    const start = this.#lineStart - this.#fieldsStart
    this.#endFieldAt(start + known.firstEnd)
    this.#endFieldAt(start + known.block.length)
    this.#lineStart += known.block.length
    return at + known.block.length
  }

  #endFieldAt(end: number): void {
    this.#lineEnds[this.#lines++] = end
  }

  #isTooLong(size: number): boolean {
    const { headerLineBytes, headerBlockBytes } = this.#limits
    return size - this.#lineStart > headerLineBytes || size > headerBlockBytes
  }

  // Throws the same however the bytes were cut: another protocol is told as such also when its first line is too long.
  #giveUp(bytes: Uint8Array, kept: number, next: number): never {
    const { headerLineBytes, headerBlockBytes } = this.#limits
    const lineIsTooLong = this.#carried + next - kept - this.#lineStart > headerLineBytes
    this.#refuseOtherProtocol(this.#append(bytes, kept, Math.min(next, kept + headerBlockBytes)))
    if (lineIsTooLong) throw new MsrpError('limit-exceeded', `A header line is longer than ${headerLineBytes} bytes`)
    throw new MsrpError('limit-exceeded', `A header block is longer than ${headerBlockBytes} bytes`)
  }

  // Throws for another protocol at once, since it may wait for an answer before it sends a line end.
  #refuseOtherProtocol(carry: Uint8Array): void {
    if (!mayBeStartLine(carry, 0, this.#carried)) parseStartLine(carry, 0, this.#carried)
  }

  #append(bytes: Uint8Array, from: number, until: number): Uint8Array {
    const size = this.#carried + until - from
    let carry = this.#carry
    if (carry === undefined || carry.length < size) {
      carry = new Uint8Array(Math.max(size, FIRST_CARRY, 2 * (carry?.length ?? 0)))
      if (this.#carry !== undefined) carry.set(this.#carry.subarray(0, this.#carried))
      this.#carry = carry
    }
    carry.set(bytes.subarray(from, until), this.#carried)
    this.#carried = size
    return carry
  }

  // Takes the line that ends at `until` in a head that begins at `from`; true when it was the last one.
  #takeLine(bytes: Uint8Array, from: number, until: number): boolean {
    const start = from + this.#lineStart
    if (until - start < 2 || bytes[until - 2] !== CR) {
      throw new MsrpError('malformed', 'A header line ends with LF alone, expected CRLF')
    }
    this.#lineStart = until - from
    const startLine = this.#startLine
    if (startLine === undefined) {
      this.#startLine = parseStartLine(bytes, start, until - 2)
      this.#endLine.start(this.#startLine.transactionId)
      this.#fieldsStart = this.#lineStart
      return false
    }
    if (until - start === 2) return this.#complete(startLine, bytes, from, start, undefined)
    if (bytes[start] === HYPHEN) {
      if (until - start === this.#endLine.length - 2 && this.#endLine.standsAt(bytes, start, 2)) {
        return this.#complete(startLine, bytes, from, start, this.#endLine.flagAt(bytes, until))
      }
      const line = decodeText(bytes, start, until - 2)
      throw new MsrpError('malformed', `${shown(line)} is neither a header field nor the end-line that belongs here`)
    }
    if (startLine.kind === 'response' && startLine.status === 423 && this.#endsInEndLine(bytes, start, until)) {
      return this.#complete(startLine, bytes, from, start, this.#endLine.flagAt(bytes, until))
    }
    this.#endFieldAt(this.#lineStart - this.#fieldsStart)
    return false
  }

  // Kamailio (5.6 and others) puts as many bytes of unset memory before the end-line of its 423 as Min-Expires would
  // have, so that the end-line does not begin a line. Without this the answer to AUTH would never be complete. The bytes
  // in front mean nothing and are left out.
  #endsInEndLine(bytes: Uint8Array, start: number, until: number): boolean {
    const at = until - this.#endLine.length + 2
    return at > start && this.#endLine.standsAt(bytes, at, 2)
  }

  #complete(
    startLine: StartLine,
    bytes: Uint8Array,
    from: number,
    end: number,
    flag: ContinuationFlag | undefined,
  ): true {
    const fields = this.#knownFields() ?? this.#readFields(startLine, bytes, from, end)
    this.#result = { head: headOf(startLine, fields, flag === undefined), flag }
    this.#carry = undefined
    this.#carried = 0
    this.#lineStart = 0
    this.#lines = 0
    if (this.#lineEnds.length > MANY) this.#lineEnds.length = 0
    this.#startLine = undefined
    this.#known = undefined
    return true
  }

  /** Those of a head that has nothing but paths which are known. */
  #knownFields(): HeaderFields | undefined {
    const known = this.#known
    if (known === undefined || this.#lines > 2) return undefined
    const { block, firstEnd, paths } = known
    known.alone ??= new HeaderFields(new FieldLines(block, [firstEnd, block.length], [TO_PATH, FROM_PATH]), paths)
    return known.alone
  }

  #readFields(startLine: StartLine, bytes: Uint8Array, from: number, end: number): HeaderFields {
    // Heads outlive the bytes they came in.
    const kept = keepBytes(bytes, from + this.#fieldsStart, end)
    const lines = new FieldLines(kept.bytes, this.#lineEnds.slice(0, this.#lines), this.#likely, kept.start)
    this.#likely = lines.kinds
    return new HeaderFields(lines, this.#readPaths(lines, startLine))
  }

  /** Both are read here, because without them a request cannot even be answered. */
  #readPaths(lines: FieldLines, startLine: StartLine): Paths {
    const isKnown = this.#known !== undefined && lines.find(TO_PATH, 2) === -1 && lines.find(FROM_PATH, 2) === -1
    if (isKnown && this.#known !== undefined) return this.#known.paths
    const paths = readPaths(lines, this.#limits.pathUris)
    // What comes once or twice is not worth it.
    const comesAgain = startLine.kind === 'response' || startLine.method !== 'AUTH'
    if (comesAgain && lines.kinds[0] === TO_PATH && lines.kinds[1] === FROM_PATH) {
      this.#paths.remember(paths, {
        bytes: lines.bytes,
        start: lines.start(0),
        firstEnd: lines.end(0),
        end: lines.end(1),
      })
    }
    return paths
  }
}

/** The next line feed; lines are short, so that a loop is faster than a call into the platform. */
function lineFeedIn(bytes: Uint8Array, from: number): number {
  const near = Math.min(bytes.length, from + NEAR)
  for (let at = from; at < near; at++) if (bytes[at] === LF) return at
  return near === bytes.length ? -1 : bytes.indexOf(LF, near)
}

function headOf(startLine: StartLine, fields: HeaderFields, hasBody: boolean): Head {
  const { kind, transactionId } = startLine
  if (kind === 'request') return { kind, transactionId, method: startLine.method, fields, hasBody }
  return { kind, transactionId, status: startLine.status, comment: startLine.comment, fields }
}
