import { type AuthenticationInfo, parseAuthenticationInfo } from './authentication-info.ts'
import { type ByteRange, parseByteRange } from './byte-range.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import { type ContentDisposition, parseContentDisposition } from './content-disposition.ts'
import { type Credentials, parseCredentials } from './credentials.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import { MsrpError } from './msrp-error.ts'
import type { MsrpUri } from './msrp-uri.ts'
import { parseQuotedString } from './quoted-string.ts'
import { parseStatus, type Status } from './status.ts'
import { parsePath } from './uri-path.ts'
import { decodeText } from './utf8.ts'

/** Values of Failure-Report (RFC 4975 §9). */
export type FailureReport = 'yes' | 'no' | 'partial'

/** Reads the value of To-Path or From-Path from its bytes. */
export type PathReader = (value: Uint8Array) => readonly MsrpUri[]

/** One field line, as offsets into the bytes of all lines. */
export interface FieldLine {
  /** Where the line begins. */
  readonly start: number
  /** Where the name ends. Without a colon the whole line counts as the name. */
  readonly nameEnd: number
  /** Where the value begins, after the colon and spaces. */
  readonly valueStart: number
  /** Where the value ends, before trailing spaces. */
  readonly valueEnd: number
  /** Where the next line begins. */
  readonly end: number
  /** The line has a colon after at least one character. */
  readonly wellFormed: boolean
}

/** Octets of the nickname in Use-Nickname (RFC 7701 §7.1), in UTF-8. */
const MAX_NICKNAME_BYTES = 1023

/**
 * The header fields of a request or response, over their bytes as received: nothing is decoded before it is asked for,
 * and each path is parsed once. Names are found in any case. Stays valid; nothing in it is lent.
 *
 * Getters of single fields give undefined when the field is absent and throw `MsrpError` `malformed`, naming the field,
 * when its value is not of the grammar.
 */
export class HeaderFields {
  /** All field lines byte for byte, each with its CRLF, in order; without start-line and blank line. Not to be changed. */
  readonly bytes: Uint8Array
  readonly #readPath: PathReader
  #lines: FieldLine[] | undefined
  #toPath: readonly MsrpUri[] | undefined
  #fromPath: readonly MsrpUri[] | undefined

  constructor(bytes: Uint8Array, readPath: PathReader = (value) => parsePath(decodeText(value))) {
    this.bytes = bytes
    this.#readPath = readPath
  }

  /** The lines as offsets into `bytes`, in order. */
  get lines(): readonly FieldLine[] {
    this.#lines ??= linesOf(this.bytes)
    return this.#lines
  }

  /** The value of the first field of this name, without spaces around it; undefined when there is none. */
  get(name: string): string | undefined {
    const line = this.find(name)
    return line === undefined ? undefined : decodeText(this.bytes, line.valueStart, line.valueEnd)
  }

  /** The values of all fields of this name, in order. */
  all(name: string): string[] {
    return this.lines
      .filter((line) => this.isNamed(line, name))
      .map((line) => decodeText(this.bytes, line.valueStart, line.valueEnd))
  }

  /** Names, as spelled by the sender, and values of all fields, in order. */
  *entries(): IterableIterator<[name: string, value: string]> {
    for (const line of this.lines) {
      yield [decodeText(this.bytes, line.start, line.nameEnd), decodeText(this.bytes, line.valueStart, line.valueEnd)]
    }
  }

  /** The first line of this name. */
  find(name: string): FieldLine | undefined {
    return this.lines.find((line) => this.isNamed(line, name))
  }

  /** Whether a line has this name, in any case. */
  isNamed(line: FieldLine, name: string): boolean {
    if (line.nameEnd - line.start !== name.length) return false
    for (let index = 0; index < name.length; index++) {
      if (lower(this.bytes[line.start + index] ?? 0) !== lower(name.charCodeAt(index))) return false
    }
    return true
  }

  /** URIs still to visit, the next one first. Throws also when absent or there twice. */
  get toPath(): readonly MsrpUri[] {
    this.#toPath ??= this.#path('To-Path')
    return this.#toPath
  }

  /** URIs already visited, the last one first. Throws also when absent or there twice. */
  get fromPath(): readonly MsrpUri[] {
    this.#fromPath ??= this.#path('From-Path')
    return this.#fromPath
  }

  get messageId(): string | undefined {
    return this.get('Message-ID')
  }

  get byteRange(): ByteRange | undefined {
    const value = this.get('Byte-Range')
    return value === undefined ? undefined : parseByteRange(value)
  }

  /** Whether success REPORTs are asked for; false when absent (RFC 4975 §7.1.1). */
  get successReport(): boolean {
    const value = this.get('Success-Report')?.toLowerCase() ?? 'no'
    if (value !== 'yes' && value !== 'no') throw malformed('Success-Report', value, 'yes or no')
    return value === 'yes'
  }

  /** Which failures are to be told; `yes` when absent (RFC 4975 §7.1.1). */
  get failureReport(): FailureReport {
    const value = this.get('Failure-Report')?.toLowerCase() ?? 'yes'
    if (value !== 'yes' && value !== 'no' && value !== 'partial') {
      throw malformed('Failure-Report', value, 'yes, no or partial')
    }
    return value
  }

  get status(): Status | undefined {
    const value = this.get('Status')
    return value === undefined ? undefined : parseStatus(value)
  }

  /** As written; `mediaType` has it parsed. */
  get contentType(): string | undefined {
    return this.get('Content-Type')
  }

  get mediaType(): MediaType | undefined {
    const value = this.get('Content-Type')
    if (value === undefined) return undefined
    const type = parseMediaType(value)
    if (type === undefined) throw malformed('Content-Type', value, 'for example text/plain')
    return type
  }

  /** Undefined also when it cannot be read: then the default, to render, applies. Never throws. */
  get contentDisposition(): ContentDisposition | undefined {
    const value = this.get('Content-Disposition')
    return value === undefined ? undefined : parseContentDisposition(value)
  }

  /** Seconds. */
  get expires(): number | undefined {
    return this.#seconds('Expires')
  }

  /** Seconds. */
  get minExpires(): number | undefined {
    return this.#seconds('Min-Expires')
  }

  /** Seconds. */
  get maxExpires(): number | undefined {
    return this.#seconds('Max-Expires')
  }

  get usePath(): readonly MsrpUri[] | undefined {
    const value = this.get('Use-Path')
    return value === undefined ? undefined : parsePath(value)
  }

  /** The nickname without its quotes, 1 to 1023 bytes (RFC 7701 §7.1). */
  get useNickname(): string | undefined {
    const value = this.get('Use-Nickname')
    if (value === undefined) return undefined
    const nickname = parseQuotedString(value)
    const size = nickname === undefined ? 0 : new TextEncoder().encode(nickname).length
    if (nickname === undefined || size < 1 || size > MAX_NICKNAME_BYTES) {
      throw malformed('Use-Nickname', value, 'a quoted string of 1 to 1023 bytes')
    }
    return nickname
  }

  /** The Digest challenges of all WWW-Authenticate fields, in order; empty when there are none. */
  get wwwAuthenticate(): readonly Challenge[] {
    return this.all('WWW-Authenticate').flatMap(parseChallenges)
  }

  get authorization(): Credentials | undefined {
    const value = this.get('Authorization')
    return value === undefined ? undefined : parseCredentials(value)
  }

  get authenticationInfo(): AuthenticationInfo | undefined {
    const value = this.get('Authentication-Info')
    return value === undefined ? undefined : parseAuthenticationInfo(value)
  }

  #path(name: 'To-Path' | 'From-Path'): readonly MsrpUri[] {
    const [line, second] = this.lines.filter((candidate) => this.isNamed(candidate, name))
    if (line === undefined) throw new MsrpError('malformed', `There is no ${name}`)
    // Two paths and two readers that each believe another one is how messages go astray.
    if (second !== undefined) throw new MsrpError('malformed', `There are two ${name} fields`)
    return this.#readPath(this.bytes.subarray(line.valueStart, line.valueEnd))
  }

  #seconds(name: string): number | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (!/^\d{1,15}$/.test(value)) throw malformed(name, value, 'a whole number of seconds')
    return Number(value)
  }
}

function malformed(field: string, value: string, expected: string): MsrpError {
  return new MsrpError('malformed', `${field} is "${value.slice(0, 200)}", expected ${expected}`)
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}

function linesOf(bytes: Uint8Array): FieldLine[] {
  const lines: FieldLine[] = []
  let start = 0
  let colon = -1
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x3a && colon === -1) colon = at
    if (byte !== 0x0a) continue
    lines.push(lineOf(bytes, start, colon, at + 1))
    start = at + 1
    colon = -1
  }
  return lines
}

function lineOf(bytes: Uint8Array, start: number, colon: number, end: number): FieldLine {
  let valueEnd = end - 2
  const nameEnd = colon === -1 ? valueEnd : colon
  let valueStart = colon === -1 ? valueEnd : colon + 1
  while (valueStart < valueEnd && isBlank(bytes[valueStart])) valueStart++
  while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd--
  return { start, nameEnd, valueStart, valueEnd, end, wellFormed: colon > start }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}
