import { type AuthenticationInfo, parseAuthenticationInfo } from './authentication-info.ts'
import { type ByteRange, parseByteRange } from './byte-range.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import { type ContentDisposition, parseContentDisposition } from './content-disposition.ts'
import { type Credentials, parseCredentials } from './credentials.ts'
import { type FieldLine, fieldLine, isFieldLine, isNamed, lineEndsOf, skipBlanks, trimBlanks } from './field-lines.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import { MsrpError } from './msrp-error.ts'
import type { MsrpUri } from './msrp-uri.ts'
import { PathCache } from './path-cache.ts'
import { parseQuotedString } from './quoted-string.ts'
import { shown } from './shown.ts'
import { parseStatus, type Status } from './status.ts'
import { MAX_PATH_URIS, parsePath } from './uri-path.ts'
import { decodeText, encodeText } from './utf8.ts'

/** Values of Failure-Report (RFC 4975 §9). */
export type FailureReport = 'yes' | 'no' | 'partial'

/** Octets of the nickname in Use-Nickname (RFC 7701 §7.1), in UTF-8. */
const MAX_NICKNAME_BYTES = 1023

const STRICT = ['to-path', 'from-path', 'message-id', 'byte-range']

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
  readonly #lineEnds: readonly number[]
  readonly #paths: PathCache
  #toPath: readonly MsrpUri[] | undefined
  #fromPath: readonly MsrpUri[] | undefined

  /**
   * @param bytes field lines, each with its CRLF; kept, so not to be changed afterwards.
   * @param lineEnds the places after each CRLF, when they are known already.
   * @param paths what reads the paths.
   */
  constructor(
    bytes: Uint8Array,
    lineEnds: readonly number[] = lineEndsOf(bytes),
    paths: PathCache = new PathCache(MAX_PATH_URIS),
  ) {
    this.bytes = bytes
    this.#lineEnds = lineEnds
    this.#paths = paths
  }

  /** The lines as offsets into `bytes`, in order. */
  get lines(): readonly FieldLine[] {
    return this.#lineEnds.map((end, index) => fieldLine(this.bytes, this.#lineEnds[index - 1] ?? 0, end))
  }

  /** The value of the first field of this name, in any case, without blanks around it; undefined when there is none. */
  get(name: string): string | undefined {
    const index = this.#indexOf(name, 0)
    return index === -1 ? undefined : this.#value(name, index)
  }

  /** The values of all fields of this name, in any case, in order. */
  all(name: string): string[] {
    const values: string[] = []
    for (let index = this.#indexOf(name, 0); index !== -1; index = this.#indexOf(name, index + 1)) {
      values.push(this.#value(name, index))
    }
    return values
  }

  /** How many fields have this name, in any case. */
  count(name: string): number {
    let count = 0
    for (let index = this.#indexOf(name, 0); index !== -1; index = this.#indexOf(name, index + 1)) count++
    return count
  }

  /** Names, as spelled by the sender, and values of all fields, in order. */
  *entries(): IterableIterator<[name: string, value: string]> {
    for (const line of this.lines) {
      const name = decodeText(this.bytes, line.start, line.nameEnd)
      yield [name, decodeText(this.bytes, line.valueStart, line.valueEnd)]
    }
  }

  /**
   * The first line that is no header field by RFC 4975 §9 (no name, no colon, a control character), undefined when there
   * is none. Such lines do not end a connection, but should be neither believed nor forwarded.
   */
  get malformedLine(): string | undefined {
    for (let index = 0; index < this.#lineEnds.length; index++) {
      const [start, end] = [this.#startOf(index), this.#lineEnds[index] ?? 0]
      // The values of these are checked where they are read, and they are most of all bytes.
      if (STRICT.some((name) => isNamed(this.bytes, start, name))) continue
      if (!isFieldLine(this.bytes, start, end)) return decodeText(this.bytes, start, end - 2)
    }
    return undefined
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
    const size = nickname === undefined ? 0 : encodeText(nickname).length
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
    const index = this.#indexOf(name, 0)
    if (index === -1) throw new MsrpError('malformed', `There is no ${name}`)
    // With two of them, two readers may each believe another one, and messages go astray.
    if (this.#indexOf(name, index + 1) !== -1) throw new MsrpError('malformed', `There are two ${name} fields`)
    const textEnd = (this.#lineEnds[index] ?? 0) - 2
    const start = skipBlanks(this.bytes, this.#startOf(index) + name.length + 1, textEnd)
    return this.#paths.read(this.bytes, start, trimBlanks(this.bytes, start, textEnd))
  }

  #indexOf(name: string, from: number): number {
    const lowerName = name.toLowerCase()
    for (let index = from; index < this.#lineEnds.length; index++) {
      if (isNamed(this.bytes, this.#startOf(index), lowerName)) return index
    }
    return -1
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : (this.#lineEnds[index - 1] ?? 0)
  }

  #value(name: string, index: number): string {
    const textEnd = (this.#lineEnds[index] ?? 0) - 2
    const start = skipBlanks(this.bytes, this.#startOf(index) + name.length + 1, textEnd)
    return decodeText(this.bytes, start, trimBlanks(this.bytes, start, textEnd))
  }

  #seconds(name: string): number | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (!/^\d{1,15}$/.test(value)) throw malformed(name, value, 'a whole number of seconds')
    return Number(value)
  }
}

function malformed(field: string, value: string, expected: string): MsrpError {
  return new MsrpError('malformed', `${field} is ${shown(value)}, expected ${expected}`)
}
