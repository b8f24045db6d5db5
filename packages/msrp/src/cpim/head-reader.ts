import { MsrpError, parseMediaType } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { decodeText } from '../wire/utf8.ts'
import { type ContentField, CpimHead } from './head.ts'
import { CpimHeaderReader } from './header.ts'

/** Media type of what this entry point reads and writes. */
export const CPIM_TYPE = 'message/cpim'

/** How much a head may hold. */
export interface CpimLimits {
  /** Bytes of all headers and MIME header fields. Default 65 536. */
  readonly headBytes?: number
}

const HEAD_BYTES = 65_536
const LF = 0x0a
const CR = 0x0d

const CONTENT_FIELD = /^([!-9;-~]+):[ \t]*(.*)$/s
const MIME_NAME = /^(?:content-[!-\-/-9;-~]+|mime-version):/i

/**
 * Finds and reads the head of a message/cpim in bytes as they arrive. What peers are known to write is read as well: lines
 * that end in LF alone, a blank line too many before or between the parts, the one between headers and content left out,
 * the type of the message itself on top of it.
 */
export class CpimHeadReader {
  readonly #limit: number
  #bytes: Uint8Array = new Uint8Array(512)
  #length = 0
  #lineStart = 0
  #lines = 0
  #headers = new CpimHeaderReader()
  #fields: ContentField[] = []
  #part: 'headers' | 'fields' = 'headers'
  #head: CpimHead | undefined

  constructor(limits: CpimLimits = {}) {
    this.#limit = limits.headBytes ?? HEAD_BYTES
  }

  /**
   * Takes in bytes. Once the head is complete it gives it, and in `rest` the bytes behind it; not to be called again then.
   * @throws MsrpError `malformed` naming the line, `limit-exceeded`
   */
  push(bytes: Uint8Array): { readonly head: CpimHead; readonly rest: Uint8Array } | undefined {
    const before = this.#length
    for (let from = 0; ; ) {
      const lineFeed = bytes.indexOf(LF, from)
      this.#append(bytes.subarray(from, lineFeed === -1 ? bytes.length : lineFeed + 1))
      if (lineFeed === -1) return undefined
      from = lineFeed + 1
      const head = this.#line(this.#length)
      if (head !== undefined) return { head, rest: bytes.subarray(this.#length - before) }
    }
  }

  /** Nothing more comes. A head without the blank line at its end has an empty content. @throws MsrpError `malformed` */
  end(): CpimHead {
    if (this.#lineStart < this.#length) this.#line(this.#length)
    if (this.#head !== undefined) return this.#head
    if (this.#part === 'fields' && this.#fields.length > 0) return this.#complete()
    throw new MsrpError('malformed', `message/cpim ends in line ${this.#lines + 1}, before its content`)
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    if (length > this.#limit) {
      throw new MsrpError('limit-exceeded', `The headers of message/cpim have more than ${this.#limit} bytes`)
    }
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, length))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = length
  }

  #line(end: number): CpimHead | undefined {
    let last = end
    if (this.#bytes[last - 1] === LF) last--
    if (this.#bytes[last - 1] === CR && last > this.#lineStart) last--
    const text = decodeText(this.#bytes, this.#lineStart, Math.max(last, this.#lineStart))
    this.#lineStart = end
    this.#lines++
    if (text === '') return this.#blank()
    if (this.#part === 'headers' && !MIME_NAME.test(text)) {
      if (!this.#headers.line(text)) throw this.#noHeader(text)
      return undefined
    }
    this.#part = 'fields'
    this.#field(text)
    return undefined
  }

  #blank(): CpimHead | undefined {
    if (this.#part === 'headers') {
      if (this.#headers.headers.length > 0) this.#part = 'fields'
      return undefined
    }
    if (this.#fields.length === 0) return undefined
    const isOwnType = this.#headers.headers.length === 0 && this.#fields.some(isCpimType)
    if (!isOwnType) return this.#complete()
    this.#fields = []
    this.#part = 'headers'
    return undefined
  }

  #field(text: string): void {
    const previous = this.#fields.at(-1)
    // RFC 2045 §1, RFC 5322 §2.2.3: these may go on in the next line, unlike the headers.
    if (/^[ \t]/.test(text) && previous !== undefined) {
      this.#fields[this.#fields.length - 1] = [previous[0], `${previous[1]} ${text.trim()}`.trim()]
      return
    }
    const [, name, value = ''] = CONTENT_FIELD.exec(text) ?? []
    if (name === undefined) throw this.#noHeader(text)
    this.#fields.push([name, value.trimEnd()])
  }

  #complete(): CpimHead {
    this.#head = new CpimHead(this.#headers, this.#fields, this.#bytes.slice(0, this.#length))
    return this.#head
  }

  #noHeader(text: string): MsrpError {
    return new MsrpError('malformed', `Line ${this.#lines} of message/cpim is no header: ${shown(text)}`)
  }
}

function isCpimType([name, value]: ContentField): boolean {
  return name.toLowerCase() === 'content-type' && parseMediaType(value)?.type === CPIM_TYPE
}
