import { addFieldLine, type ContentField } from '../mime/index.ts'
import { copyBytes } from '../wire/byte-pool.ts'
import { ByteSearch } from '../wire/byte-search.ts'
import { concatenate, MsrpError, parseMediaType } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { decodeText } from '../wire/utf8.ts'
import { type Delimiter, Delimiters } from './delimiter.ts'
import { PartHead } from './part-head.ts'

/** How much a multipart may hold. */
export interface MultipartLimits {
  /** Parts. Default 256. */
  readonly parts?: number
  /** Bytes of the header fields of one part. Default 16 384. */
  readonly headBytes?: number
}

/** What is told of a multipart as it is read; positions count from 0. */
export interface MultipartEvents {
  /** A part begins: `start` is where its header fields do, `contentStart` its content. */
  part(head: PartHead, start: number, contentStart: number): void
  /** Bytes of the part's content, lent. */
  content(bytes: Uint8Array): void
  /** The part ends. */
  partEnd(end: number): void
}

const PARTS = 256
const HEAD_BYTES = 16_384
/** RFC 2046 §5.1.1 has 70; there are programs that take more. */
const BOUNDARY = /^[ -~]{0,199}[!-~]$/
const CR = 0x0d
const LF = 0x0a

/**
 * Finds the parts of a multipart (RFC 2046 §5.1) in bytes as they arrive; nothing of a part's content is kept. Lines may end
 * in LF alone.
 */
export class MultipartReader {
  readonly #events: MultipartEvents
  readonly #partLimit: number
  readonly #headLimit: number
  readonly #defaultType: string
  readonly #delimiters: Delimiters
  readonly #search: ByteSearch
  /** Bytes that came and are not decided on: the beginning of a line, mostly. */
  #held: Uint8Array = new Uint8Array()
  /** The position of the first of them. */
  #base = 0
  /**
   * `line`: before the content, where a delimiter may stand at once. `text`: in the content, or before the first part.
   */
  #state: 'line' | 'text' | 'head' | 'closed' = 'line'
  #inPart = false
  #parts = 0
  #partStart = 0
  /** Where the last line of the head ends, its line end aside: that belongs to a delimiter behind it. */
  #headEnd = 0
  #fields: ContentField[] = []

  /** @throws MsrpError `type-not-accepted` when it is no multipart, `malformed` for a boundary that is none */
  constructor(contentType: string, events: MultipartEvents, limits: MultipartLimits = {}) {
    const { type, parameters } = parseMediaType(contentType) ?? {}
    if (!type?.startsWith('multipart/')) {
      throw new MsrpError('type-not-accepted', `Content of type ${shown(contentType)} is no multipart`)
    }
    const boundary = parameters?.get('boundary')?.trimEnd() ?? ''
    if (!BOUNDARY.test(boundary)) {
      throw malformed(`${shown(contentType)} has no boundary of up to 200 characters`)
    }
    this.#events = events
    this.#partLimit = limits.parts ?? PARTS
    this.#headLimit = limits.headBytes ?? HEAD_BYTES
    // RFC 2046 §5.1.5
    this.#defaultType = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain'
    this.#delimiters = new Delimiters(boundary)
    this.#search = new ByteSearch(this.#delimiters.needle)
  }

  /** The last part has ended; what comes behind it means nothing. */
  get closed(): boolean {
    return this.#state === 'closed'
  }

  /** Takes in bytes. @throws MsrpError `malformed` naming part and line, `limit-exceeded` */
  push(bytes: Uint8Array): void {
    const all = this.#held.length === 0 ? bytes : concatenate([this.#held, bytes])
    const read = this.#read(all, false)
    // A copy: bytes are lent, and the slice of a Buffer is none.
    this.#held = copyBytes(all, read, all.length)
    this.#base += read
  }

  /** Nothing more comes. @throws MsrpError `malformed` when something is missing */
  end(): void {
    this.#read(this.#held, true)
    if (!this.closed) throw malformed(`The multipart ends before its last boundary, in part ${this.#parts}`)
  }

  /** Reads as far as is certain; gives where the rest begins. */
  #read(bytes: Uint8Array, ended: boolean): number {
    let at = 0
    for (;;) {
      const next = this.#step(bytes, at, ended)
      if (this.#state === 'closed') return bytes.length
      if (next === 'more') return this.#state === 'text' ? this.#passOn(bytes, at, ended) : at
      at = next
    }
  }

  /** One step; gives where the next begins. */
  #step(bytes: Uint8Array, at: number, ended: boolean): number | 'more' {
    switch (this.#state) {
      case 'line': {
        const delimiter = this.#delimiters.at(bytes, at, ended)
        if (delimiter === 'more') return 'more'
        if (delimiter !== undefined) return this.#delimiter(delimiter, this.#headEnd)
        this.#state = 'text'
        return at
      }
      case 'text':
        return this.#text(bytes, at, ended)
      case 'head':
        return this.#headLine(bytes, at, ended)
      case 'closed':
        return 'more'
      default:
        return this.#state satisfies never
    }
  }

  #text(bytes: Uint8Array, start: number, ended: boolean): number | 'more' {
    let at = start
    for (;;) {
      const lineFeed = this.#search.indexIn(bytes, at)
      if (lineFeed === -1) return 'more'
      const delimiter = this.#delimiters.at(bytes, lineFeed + 1, ended)
      if (delimiter === 'more') return 'more'
      if (delimiter !== undefined) {
        // The line end before a delimiter belongs to it.
        const end = lineFeed > start && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed
        this.#content(bytes, start, end)
        return this.#delimiter(delimiter, this.#base + end)
      }
      at = lineFeed + 1
    }
  }

  /** Passes on what cannot be part of a delimiter. */
  #passOn(bytes: Uint8Array, start: number, ended: boolean): number {
    const lineFeed = this.#search.indexIn(bytes, Math.max(start, bytes.length - this.#delimiters.longest))
    const open = lineFeed === -1 ? bytes.length - this.#delimiters.needle.length : lineFeed - 1
    const until = ended ? bytes.length : Math.max(start, open)
    this.#content(bytes, start, until)
    return until
  }

  #content(bytes: Uint8Array, start: number, end: number): void {
    if (this.#inPart && end > start) this.#events.content(bytes.subarray(start, end))
  }

  /** @param end position where the part before it ends */
  #delimiter({ next, closes }: Delimiter, end: number): number {
    if (this.#inPart) this.#events.partEnd(end)
    this.#inPart = false
    if (closes) {
      this.#state = 'closed'
      return next
    }
    if (++this.#parts > this.#partLimit) throw exceeded(`The multipart has more than ${this.#partLimit} parts`)
    this.#state = 'head'
    this.#partStart = this.#base + next
    this.#headEnd = this.#partStart
    this.#fields = []
    return next
  }

  #headLine(bytes: Uint8Array, at: number, ended: boolean): number | 'more' {
    const delimiter = this.#delimiters.at(bytes, at, ended)
    if (delimiter === 'more') return 'more'
    if (delimiter !== undefined) {
      this.#part(this.#base + at)
      return this.#delimiter(delimiter, this.#headEnd)
    }
    const lineFeed = bytes.indexOf(LF, at)
    const next = lineFeed === -1 ? bytes.length : lineFeed + 1
    if (this.#base + next - this.#partStart > this.#headLimit) {
      throw exceeded(`The header fields of part ${this.#parts} have more than ${this.#headLimit} bytes`)
    }
    if (lineFeed === -1) return 'more'
    const end = lineFeed > at && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed
    const line = decodeText(bytes, at, end)
    this.#headEnd = this.#base + end
    if (line === '') this.#part(this.#base + next)
    else if (!addFieldLine(this.#fields, line)) {
      throw malformed(`Part ${this.#parts} of the multipart has a line that is no header field: ${shown(line)}`)
    }
    return next
  }

  #part(contentStart: number): void {
    this.#inPart = true
    this.#state = 'line'
    this.#events.part(new PartHead(this.#fields, this.#defaultType), this.#partStart, contentStart)
  }
}

/** RFC 4975 §10.2: what cannot be understood gets 400. */
function malformed(text: string): MsrpError {
  return new MsrpError('malformed', text, { status: 400 })
}

function exceeded(text: string): MsrpError {
  return new MsrpError('limit-exceeded', text, { status: 413 })
}
