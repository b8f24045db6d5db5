import { EndLine } from './end-line.ts'
import type { ContinuationFlag, Head } from './head.ts'
import { HeadReader } from './head-reader.ts'
import { MsrpError } from './msrp-error.ts'
import { type ParserLimits, withDefaults } from './parser-limits.ts'

/** What a parser calls, in the order of the bytes: one `onHead`, any number of `onBody`, one `onEnd` for each chunk. */
export interface ChunkHandler {
  /** A request or response begins. The head stays valid after the call. */
  onHead(head: Head): void
  /**
   * Bytes of the body of a request, as they arrive. Lent: valid, and not to be changed, until `push` returns. `plain` when
   * nowhere in them are seven hyphens in a row, so that no end-line lies in them.
   */
  onBody(bytes: Uint8Array, plain: boolean): void
  /** The end-line of the request or response came. */
  onEnd(flag: ContinuationFlag): void
}

/** What takes the bytes of a connection. */
export interface ChunkReader {
  /** See `ChunkParser`. */
  readonly partialHead: string | undefined
  /**
   * Takes the next bytes and calls the handler for what they complete. When it cannot do so at once, it gives a promise
   * that settles when it has; what is pushed meanwhile has its turn then.
   * @throws MsrpError as `ChunkParser.push` does; the promise rejects with the same
   */
  push(bytes: Uint8Array): void | Promise<void>
}

/** Makes a reader for one connection: a `ChunkParser`, or a `MessageReader`. */
export type OpenReader = new (handler: ChunkHandler, limits?: Partial<ParserLimits>) => ChunkReader

type State = 'between' | 'head' | 'body'

const CR = 0x0d
const LF = 0x0a

/**
 * Reads MSRP from a stream of bytes cut anywhere (RFC 4975 §5.1, §7.1). Bodies are handed on as they arrive, without
 * copying, except that the few last bytes of a piece wait for the next one when they may be the beginning of the
 * end-line. Whether a request has a body is told by the blank line, not by fields.
 *
 * Liberal: CRLFs between chunks are skipped, however many, as peers send them to keep a connection alive; an end-line
 * directly after the blank line ends an empty body; a body in a response is skipped.
 */
export class ChunkParser implements ChunkReader {
  readonly #handler: ChunkHandler
  readonly #limits: ParserLimits
  readonly #headReader: HeadReader
  readonly #endLine = new EndLine()
  #state: State = 'between'
  // Bytes of the end-line's pattern that have been seen; of these, the first #implied belong to the blank line.
  #matched = 0
  #implied = 0
  #deliversBody = true
  #bodyRoom = Number.POSITIVE_INFINITY

  constructor(handler: ChunkHandler, limits: Partial<ParserLimits> = {}) {
    this.#handler = handler
    this.#limits = withDefaults(limits)
    this.#headReader = new HeadReader(this.#limits, this.#endLine)
  }

  /** Between chunks: no byte of a head or body has come since the last end-line. */
  get idle(): boolean {
    return this.#state === 'between'
  }

  /**
   * What has come of a head that is not complete, for telling what a peer that fell silent has sent; undefined when no
   * head is under way.
   */
  get partialHead(): string | undefined {
    return this.#state === 'head' ? this.#headReader.text : undefined
  }

  /**
   * Takes the next bytes and calls the handler for what they complete. What the handler throws passes through, and the
   * parser cannot be used any more. The handler must not call this.
   * @throws MsrpError `malformed` or `limit-exceeded`: where the next chunk begins is not known any more, so the
   *   connection has to be closed and this parser not used again.
   */
  push(bytes: Uint8Array): void {
    let offset = 0
    while (offset < bytes.length) {
      if (this.#state === 'between') offset = this.#skipEmptyLines(bytes, offset)
      else if (this.#state === 'head') offset = this.#readHead(bytes, offset)
      else offset = this.#readBody(bytes, offset)
    }
  }

  #skipEmptyLines(bytes: Uint8Array, offset: number): number {
    const byte = bytes[offset]
    if (this.#matched === 1) {
      if (byte !== LF) throw new MsrpError('malformed', 'A line between chunks ends with CR alone')
      this.#matched = 0
      return offset + 1
    }
    if (byte === CR) {
      this.#matched = 1
      return offset + 1
    }
    this.#state = 'head'
    return offset
  }

  #readHead(bytes: Uint8Array, offset: number): number {
    const next = this.#headReader.read(bytes, offset)
    const result = this.#headReader.take()
    if (result === undefined) return next
    const { head, flag } = result
    if (flag !== undefined) {
      this.#handler.onHead(head)
      this.#end(flag)
      return next
    }
    this.#state = 'body'
    // The blank line's CRLF can be the one before the end-line.
    this.#matched = 2
    this.#implied = 2
    this.#deliversBody = head.kind === 'request'
    const limited = head.kind === 'response' || head.method !== 'SEND'
    this.#bodyRoom = limited ? this.#limits.nonSendBodyBytes : Number.POSITIVE_INFINITY
    this.#handler.onHead(head)
    return next
  }

  #readBody(bytes: Uint8Array, offset: number): number {
    let from = offset
    if (this.#matched > 0) {
      from = this.#resume(bytes, offset)
      if (this.#state !== 'body' || this.#matched > 0) return from
    }
    const found = this.#endLine.indexIn(bytes, from)
    const plain = !this.#endLine.metHyphens
    if (found !== -1) {
      this.#deliver(bytes, from, found, plain)
      const next = found + this.#endLine.length
      this.#end(this.#endLine.flagAt(bytes, next))
      return next
    }
    const cut = this.#endLine.cutIn(bytes, from)
    const until = cut === -1 ? bytes.length : cut
    this.#deliver(bytes, from, until, plain)
    if (cut !== -1) {
      this.#implied = 0
      this.#matched = 0
      return this.#resume(bytes, cut)
    }
    return bytes.length
  }

  // Goes on comparing with the end-line where an earlier piece, or the blank line, left off.
  #resume(bytes: Uint8Array, offset: number): number {
    const endLine = this.#endLine
    for (let at = offset; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (endLine.accepts(this.#matched, byte)) {
        if (this.#matched === endLine.length - 3) endLine.keepFlag(byte)
        this.#matched++
        if (this.#matched < endLine.length) continue
        this.#matched = 0
        this.#end(endLine.flag)
        return at + 1
      }
      // What was held back is body. No end-line can begin inside it: its CRs are the first byte and the one before the
      // last, and what follows the latter is not the LF that either would need.
      const [from, until] = [this.#implied, this.#matched]
      this.#implied = 0
      this.#matched = 0
      if (until > from) this.#deliver(endLine.prefix(from, until), 0, until - from, false)
      return at
    }
    return bytes.length
  }

  #deliver(bytes: Uint8Array, from: number, until: number, plain: boolean): void {
    if (until <= from) return
    this.#bodyRoom -= until - from
    if (this.#bodyRoom < 0) {
      const limit = this.#limits.nonSendBodyBytes
      throw new MsrpError('limit-exceeded', `A body outside SEND is larger than ${limit} bytes (RFC 4975 §7.1)`)
    }
    if (this.#deliversBody) this.#handler.onBody(bytes.subarray(from, until), plain)
  }

  #end(flag: ContinuationFlag): void {
    this.#state = 'between'
    this.#matched = 0
    this.#handler.onEnd(flag)
  }
}
