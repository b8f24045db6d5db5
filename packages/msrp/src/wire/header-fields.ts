import { type AuthenticationInfo, parseAuthenticationInfo } from './authentication-info.ts'
import { type ByteRange, byteRangeIn, parseByteRange } from './byte-range.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import { type ContentDisposition, parseContentDisposition } from './content-disposition.ts'
import { type Credentials, parseCredentials } from './credentials.ts'
import type { FieldLines } from './field-lines.ts'
import { FIELD_NAMES, type FieldName, fieldNumber } from './field-names.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import { MsrpError } from './msrp-error.ts'
import type { MsrpUri } from './msrp-uri.ts'
import type { Paths } from './path-cache.ts'
import { parseQuotedString } from './quoted-string.ts'
import { shown } from './shown.ts'
import { parseStatus, type Status } from './status.ts'
import { MAX_PATH_URIS, parsePath } from './uri-path.ts'
import { decodeText, encodeText } from './utf8.ts'

/** Values of Failure-Report (RFC 4975 §9). */
export type FailureReport = 'yes' | 'no' | 'partial'

/** Octets of the nickname in Use-Nickname (RFC 7701 §7.1), in UTF-8. */
const MAX_NICKNAME_BYTES = 1023

const TO_PATH = FIELD_NAMES.indexOf('To-Path')
const FROM_PATH = FIELD_NAMES.indexOf('From-Path')
const BYTE_RANGE = FIELD_NAMES.indexOf('Byte-Range')
const SUCCESS_REPORT = FIELD_NAMES.indexOf('Success-Report')
const FAILURE_REPORT = FIELD_NAMES.indexOf('Failure-Report')
const WWW_AUTHENTICATE = FIELD_NAMES.indexOf('WWW-Authenticate')

/**
 * The header fields of a request or response, over their bytes as received: nothing is decoded before it is asked for,
 * and each path is parsed once. Names are found in any case. Stays valid; nothing in it is lent.
 *
 * Getters of single fields give undefined when the field is absent and throw `MsrpError` `malformed`, naming the field,
 * when its value is not of the grammar.
 */
export class HeaderFields {
  /** The lines, and which field each is. */
  readonly lines: FieldLines
  #paths: Paths | undefined
  #toPath: readonly MsrpUri[] | undefined
  #fromPath: readonly MsrpUri[] | undefined
  #messageId: string | undefined
  #byteRange: ByteRange | undefined
  #mediaType: MediaType | undefined

  /**
   * @param lines their bytes are kept, so they must not be changed afterwards.
   * @param paths when they have been read already.
   */
  constructor(lines: FieldLines, paths?: Paths) {
    this.lines = lines
    this.#paths = paths
  }

  /** All field lines byte for byte, each with its CRLF, in order; without start-line and blank line. Not to be changed. */
  get bytes(): Uint8Array {
    return this.lines.bytes.subarray(this.lines.start(0), this.lines.start(0) + this.size)
  }

  /** How many bytes that are. */
  get size(): number {
    return this.lines.size
  }

  /** Both paths: the identical object for the same bytes on the same connection, as long as they are remembered. */
  get paths(): Paths {
    return this.#paths ?? { toPath: this.toPath, fromPath: this.fromPath }
  }

  /** The value of the first field of this name, in any case, without blanks around it; undefined when there is none. */
  get(name: string): string | undefined {
    const line = this.#find(name, 0)
    return line === -1 ? undefined : this.lines.value(line)
  }

  /** The values of all fields of this name, in any case, in order. */
  all(name: string): string[] {
    const values: string[] = []
    for (let line = this.#find(name, 0); line !== -1; line = this.#find(name, line + 1)) {
      values.push(this.lines.value(line))
    }
    return values
  }

  /** Names, as spelled by the sender, and values of all fields, in order. */
  *entries(): IterableIterator<[name: string, value: string]> {
    for (let line = 0; line < this.lines.count; line++) yield [this.lines.name(line), this.lines.value(line)]
  }

  /**
   * The first line that is no header field by RFC 4975 §9 (no name, no colon, a control character), undefined when there
   * is none. Such lines do not end a connection, but should be neither believed nor forwarded.
   */
  get malformedLine(): string | undefined {
    const { lines } = this
    for (let line = 0; line < lines.count; line++) {
      const kind = lines.kind(line)
      // The paths are most of all bytes, and have no control characters or they could not have been parsed.
      if (kind === TO_PATH || kind === FROM_PATH || lines.isSound(line)) continue
      return decodeText(lines.bytes, lines.start(line), lines.end(line) - 2)
    }
    return undefined
  }

  /**
   * The first known field that is there a second time, although it has one value; undefined when there is none. Two
   * readers may each believe another one of the two.
   */
  get repeated(): FieldName | undefined {
    let seen = 0
    for (let line = 0; line < this.lines.count; line++) {
      const kind = this.lines.kind(line)
      if (kind < 0 || kind === WWW_AUTHENTICATE) continue
      if ((seen & (1 << kind)) !== 0) return FIELD_NAMES[kind]
      seen |= 1 << kind
    }
    return undefined
  }

  /** Takes the same paths from elsewhere, so that those which were read for this head alone need not be kept. */
  sharePaths(paths: Paths): void {
    this.#paths = paths
    this.#toPath = paths.toPath
    this.#fromPath = paths.fromPath
  }

  /** URIs still to visit, the next one first. Throws also when absent or there twice. */
  get toPath(): readonly MsrpUri[] {
    this.#toPath ??= this.#paths?.toPath ?? readPath(this.lines, TO_PATH)
    return this.#toPath
  }

  /** URIs already visited, the last one first. Throws also when absent or there twice. */
  get fromPath(): readonly MsrpUri[] {
    this.#fromPath ??= this.#paths?.fromPath ?? readPath(this.lines, FROM_PATH)
    return this.#fromPath
  }

  get messageId(): string | undefined {
    this.#messageId ??= this.get('Message-ID')
    return this.#messageId
  }

  get byteRange(): ByteRange | undefined {
    if (this.#byteRange !== undefined) return this.#byteRange
    const line = this.lines.find(BYTE_RANGE)
    if (line === -1) return undefined
    const { bytes } = this.lines
    const start = this.lines.valueStart(line)
    this.#byteRange =
      byteRangeIn(bytes, start, this.lines.valueEnd(line, start)) ?? parseByteRange(this.lines.value(line))
    return this.#byteRange
  }

  /** Whether success REPORTs are asked for; false when absent (RFC 4975 §7.1.1). */
  get successReport(): boolean {
    const line = this.lines.find(SUCCESS_REPORT)
    if (line === -1 || this.lines.holds(line, 'no')) return false
    if (this.lines.holds(line, 'yes')) return true
    throw malformed('Success-Report', this.lines.value(line), 'yes or no')
  }

  /** Which failures are to be told; `yes` when absent (RFC 4975 §7.1.1). */
  get failureReport(): FailureReport {
    const line = this.lines.find(FAILURE_REPORT)
    if (line === -1 || this.lines.holds(line, 'yes')) return 'yes'
    if (this.lines.holds(line, 'no')) return 'no'
    if (this.lines.holds(line, 'partial')) return 'partial'
    throw malformed('Failure-Report', this.lines.value(line), 'yes, no or partial')
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
    if (this.#mediaType !== undefined) return this.#mediaType
    const value = this.contentType
    if (value === undefined) return undefined
    this.#mediaType = parseMediaType(value)
    if (this.#mediaType === undefined) throw malformed('Content-Type', value, 'for example text/plain')
    return this.#mediaType
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

  /** The nickname without its quotes, up to 1023 bytes (RFC 7701 §7.1); an empty one gives the nickname up (§7.3). */
  get useNickname(): string | undefined {
    const value = this.get('Use-Nickname')
    if (value === undefined) return undefined
    const nickname = parseQuotedString(value)
    if (nickname === undefined || encodeText(nickname).length > MAX_NICKNAME_BYTES) {
      throw malformed('Use-Nickname', value, 'a quoted string of at most 1023 bytes')
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

  #find(name: string, from: number): number {
    const field = fieldNumber(name)
    return field === undefined ? this.lines.findNamed(name.toLowerCase(), from) : this.lines.find(field, from)
  }

  #seconds(name: string): number | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (!/^\d{1,15}$/.test(value)) throw malformed(name, value, 'a whole number of seconds')
    return Number(value)
  }
}

/** The path in the one line of this field. */
export function readPath(lines: FieldLines, field: number, mostUris: number = MAX_PATH_URIS): readonly MsrpUri[] {
  const line = lines.find(field)
  if (line === -1) throw new MsrpError('malformed', `There is no ${FIELD_NAMES[field]}`)
  // With two of them, two readers may each believe another one, and messages go astray.
  if (lines.find(field, line + 1) !== -1) throw new MsrpError('malformed', `There are two ${FIELD_NAMES[field]} fields`)
  const start = lines.valueStart(line)
  return parsePath(decodeText(lines.bytes, start, lines.valueEnd(line, start)), mostUris)
}

function malformed(field: string, value: string, expected: string): MsrpError {
  return new MsrpError('malformed', `${field} is ${shown(value)}, expected ${expected}`)
}
