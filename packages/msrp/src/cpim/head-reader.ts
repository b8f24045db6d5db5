import { addFieldLine, type ContentField, fieldOf, isMimeName } from '../mime/index.ts'
import { concatenate, MsrpError, parseMediaType } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { decodeText } from '../wire/utf8.ts'
import { CpimHead } from './head.ts'
import { CpimHeaderReader } from './header.ts'

/** Media type of what this entry point reads and writes. */
export const CPIM_TYPE = 'message/cpim'

/** How much a head may hold. */
export interface CpimLimits {
  /** Bytes of all headers and MIME header fields. Default 65 536. */
  readonly headBytes?: number
}

/** The head of a message/cpim, and the bytes of its content that came along. */
export interface FoundHead {
  readonly head: CpimHead
  readonly rest: Uint8Array
}

const HEAD_BYTES = 65_536
const LF = 0x0a
const CR = 0x0d

/**
 * Finds and reads the head of a message/cpim in bytes as they arrive. What peers are known to write is read as well: lines
 * that end in LF alone, a blank line too many before or between the parts, the one between headers and content left out,
 * the type of the message itself on top of it, fields of the content among the headers, content without MIME header fields.
 */
export class CpimHeadReader {
  readonly #limit: number
  #bytes: Uint8Array = new Uint8Array(512)
  #length = 0
  #lineStart = 0
  #lines = 0
  #headers = new CpimHeaderReader()
  #fields: ContentField[] = []
  /** Those of them that stand among the headers; the content's own come first. */
  #misplaced: ContentField[] = []
  #part: 'headers' | 'fields' = 'headers'
  /** Where the content begins if it turns out to have no MIME header fields. */
  #contentStart = 0
  /** Blank lines since the headers. */
  #blanks = 0
  /** The line before is one of those, so this one may go on with it. */
  #misplacedBefore = false
  /** A field of MIME has come, so these are fields indeed. */
  #isMime = false

  constructor(limits: CpimLimits = {}) {
    this.#limit = limits.headBytes ?? HEAD_BYTES
  }

  /**
   * Takes in bytes. Once the head is complete it gives it, and in `rest` the bytes behind it; not to be called again then.
   * @throws MsrpError `malformed` naming the line, `limit-exceeded`
   */
  push(bytes: Uint8Array): FoundHead | undefined {
    for (let from = 0; ; ) {
      const lineFeed = bytes.indexOf(LF, from)
      const next = lineFeed === -1 ? bytes.length : lineFeed + 1
      if (!this.#append(bytes.subarray(from, next))) return this.#bare(bytes.subarray(from))
      if (lineFeed === -1) return undefined
      from = next
      const found = this.#line(this.#length)
      if (found === 'content') return this.#bare(bytes.subarray(from))
      if (found !== undefined) return { head: found, rest: bytes.subarray(from) }
    }
  }

  /** Nothing more comes. A head without the blank line at its end has an empty content. @throws MsrpError `malformed` */
  end(): FoundHead {
    const rest = new Uint8Array()
    if (this.#lineStart < this.#length) {
      const found = this.#line(this.#length)
      if (found === 'content') return this.#bare(rest)
      if (found !== undefined) return { head: found, rest }
    }
    if (this.#isMime || this.#hasType) return { head: this.#complete(this.#length), rest }
    if (this.#part === 'fields' && this.#contentStart < this.#length) return this.#bare(rest)
    throw new MsrpError('malformed', `message/cpim ends in line ${this.#lines + 1}, before its content`)
  }

  /** The type of the content stands among the headers: the blank line between the parts was left out. */
  get #hasType(): boolean {
    return fieldOf(this.#misplaced, 'Content-Type') !== undefined
  }

  /** False when there are too many for a head, and they can be content. */
  #append(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length
    if (length > this.#limit) {
      if (this.#part === 'fields' && !this.#isMime) return false
      throw new MsrpError('limit-exceeded', `The headers of message/cpim have more than ${this.#limit} bytes`)
    }
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, length))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = length
    return true
  }

  #line(end: number): CpimHead | 'content' | undefined {
    let last = end
    if (this.#bytes[last - 1] === LF) last--
    if (this.#bytes[last - 1] === CR && last > this.#lineStart) last--
    const text = decodeText(this.#bytes, this.#lineStart, Math.max(last, this.#lineStart))
    this.#lineStart = end
    this.#lines++
    if (text === '') return this.#blank()
    if (this.#part === 'fields') return this.#field(text)
    this.#header(text)
    return undefined
  }

  #header(text: string): void {
    // RFC 3862 §2.2: headers are not folded, unlike fields (RFC 5322 §2.2.3).
    const isField = /^[ \t]/.test(text) ? this.#misplacedBefore : isMimeName(text.slice(0, text.indexOf(':')))
    const isRead = isField ? addFieldLine(this.#misplaced, text) : this.#headers.line(text)
    if (!isRead) throw this.#noHeader(text)
    this.#misplacedBefore = isField
  }

  #blank(): CpimHead | 'content' | undefined {
    if (this.#part === 'headers') {
      const hasHeaders = this.#headers.headers.length > 0
      if (!hasHeaders && this.#misplaced.some(isCpimType)) {
        this.#misplaced = []
        return undefined
      }
      if (this.#hasType) return this.#complete(this.#length)
      if (!hasHeaders && this.#misplaced.length === 0) return undefined
      this.#part = 'fields'
      this.#contentStart = this.#lineStart
      return undefined
    }
    if (this.#fields.length === 0) {
      // The blank line behind fields that are not there, unless they come yet: then it was one too many.
      if (this.#blanks++ === 0) this.#contentStart = this.#lineStart
      return undefined
    }
    return this.#isMime ? this.#complete(this.#length) : 'content'
  }

  #field(text: string): 'content' | undefined {
    if (!addFieldLine(this.#fields, text)) {
      if (!this.#isMime) return 'content'
      throw this.#noHeader(text)
    }
    this.#isMime ||= isMimeName(this.#fields.at(-1)?.[0] ?? '')
    return undefined
  }

  /** What looked like the beginning of MIME header fields is content, which has none. */
  #bare(behind: Uint8Array): FoundHead {
    const held = this.#bytes.slice(this.#contentStart, this.#length)
    this.#fields = []
    return { head: this.#complete(this.#contentStart), rest: concatenate([held, behind]) }
  }

  #complete(until: number): CpimHead {
    return new CpimHead(this.#headers, [...this.#fields, ...this.#misplaced], this.#bytes.slice(0, until))
  }

  #noHeader(text: string): MsrpError {
    return new MsrpError('malformed', `Line ${this.#lines} of message/cpim is no header: ${shown(text)}`)
  }
}

function isCpimType([name, value]: ContentField): boolean {
  return name.toLowerCase() === 'content-type' && parseMediaType(value)?.type === CPIM_TYPE
}
