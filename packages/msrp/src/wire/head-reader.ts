import type { EndLine } from './end-line.ts'
import type { ContinuationFlag, Head } from './head.ts'
import { HeaderFields } from './header-fields.ts'
import { MsrpError } from './msrp-error.ts'
import type { MsrpUri } from './msrp-uri.ts'
import type { ParserLimits } from './parser-limits.ts'
import { parseStartLine, type StartLine } from './start-line.ts'
import { parsePath } from './uri-path.ts'
import { decodeText } from './utf8.ts'

const CR = 0x0d
const LF = 0x0a
const HYPHEN = 0x2d

const PROTOCOL = [0x4d, 0x53, 0x52, 0x50, 0x20]
const FIRST_CARRY = 512

/** A head that is complete; the flag is there when its end-line came at once, so that there is no body. */
export interface ReadHead {
  readonly head: Head
  readonly flag: ContinuationFlag | undefined
}

/**
 * Reads start-line and header fields line by line. Lines stay where they lie as long as the head is in one piece; what
 * straddles pieces is carried in a buffer that the limits bound.
 */
export class HeadReader {
  readonly #limits: ParserLimits
  readonly #endLine: EndLine
  readonly #readPath: (value: Uint8Array) => readonly MsrpUri[]
  #carry: Uint8Array | undefined
  #carried = 0
  // Where the line under way and the first field line begin, counted from the beginning of the head.
  #lineStart = 0
  #fieldsStart = 0
  #startLine: StartLine | undefined
  #result: ReadHead | undefined

  constructor(limits: ParserLimits, endLine: EndLine) {
    this.#limits = limits
    this.#endLine = endLine
    this.#readPath = (value) => parsePath(decodeText(value), limits.pathUris)
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
      const lineFeed = bytes.indexOf(LF, at)
      const next = lineFeed === -1 ? bytes.length : lineFeed + 1
      this.#checkSize(this.#carried + next - kept)
      if (lineFeed === -1) break
      at = next
      if (this.#carried === 0) {
        if (this.#line(bytes, kept, next)) return next
        continue
      }
      const carry = this.#append(bytes, kept, next)
      kept = next
      if (this.#line(carry, 0, this.#carried)) return next
    }
    const carry = this.#append(bytes, kept, bytes.length)
    this.#checkProtocol(carry, 0, this.#carried)
    return bytes.length
  }

  #checkSize(size: number): void {
    const { headerLineBytes, headerBlockBytes } = this.#limits
    if (size - this.#lineStart > headerLineBytes) {
      throw new MsrpError('limit-exceeded', `A header line is longer than ${headerLineBytes} bytes`)
    }
    if (size > headerBlockBytes) {
      throw new MsrpError('limit-exceeded', `A header block is longer than ${headerBlockBytes} bytes`)
    }
  }

  // Something else than MSRP is told by its first bytes: there may never come a line end.
  #checkProtocol(bytes: Uint8Array, from: number, until: number): void {
    const length = Math.min(PROTOCOL.length, until - from)
    for (let index = 0; index < length; index++) {
      if (bytes[from + index] !== PROTOCOL[index]) {
        const begin = decodeText(bytes, from, Math.min(until, from + 40))
        throw new MsrpError('malformed', `A start-line begins with ${JSON.stringify(begin)}, expected "MSRP "`)
      }
    }
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
  #line(bytes: Uint8Array, from: number, until: number): boolean {
    const start = from + this.#lineStart
    if (bytes[until - 2] !== CR || until - start < 2) {
      throw new MsrpError('malformed', 'A header line ends with LF alone, expected CRLF')
    }
    this.#lineStart = until - from
    if (this.#startLine === undefined) {
      this.#checkProtocol(bytes, start, until)
      this.#startLine = parseStartLine(decodeText(bytes, start, until - 2))
      this.#endLine.start(this.#startLine.transactionId)
      this.#fieldsStart = this.#lineStart
      return false
    }
    if (until - start === 2) return this.#complete(this.#startLine, bytes, from, start, undefined)
    if (bytes[start] !== HYPHEN) return false
    if (until - start !== this.#endLine.length - 2 || !this.#endLine.standsAt(bytes, start, 2)) {
      const line = decodeText(bytes, start, until - 2)
      throw new MsrpError('malformed', `"${line}" is neither a header field nor this request's end-line`)
    }
    this.#endLine.keepFlag(bytes[until - 3] ?? 0)
    return this.#complete(this.#startLine, bytes, from, start, this.#endLine.flag)
  }

  #complete(line: StartLine, bytes: Uint8Array, from: number, end: number, flag: ContinuationFlag | undefined): true {
    const fields = new HeaderFields(new Uint8Array(bytes.subarray(from + this.#fieldsStart, end)), this.#readPath)
    // Both are parsed here, once, because without them the request cannot even be answered.
    if (fields.toPath.length === 0 || fields.fromPath.length === 0) throw new MsrpError('malformed', 'An empty path')
    this.#result = {
      head: line.kind === 'request' ? { ...line, fields, hasBody: flag === undefined } : { ...line, fields },
      flag,
    }
    this.#carry = undefined
    this.#carried = 0
    this.#lineStart = 0
    this.#startLine = undefined
    return true
  }
}
