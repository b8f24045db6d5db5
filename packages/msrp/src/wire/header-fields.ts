import { type AuthenticationInfo, parseAuthenticationInfo } from './authentication-info.ts'
import { type ByteRange, byteRangeIn, parseByteRange } from './byte-range.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { FieldLines } from './field-lines.ts'
import { FIELD_NAMES, type FieldName, fieldNumber } from './field-names.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import { MsrpError } from './msrp-error.ts'
import type { MsrpUri } from './msrp-uri.ts'
import type { Paths } from './path-cache.ts'
import { shown } from './shown.ts'
import { parseStatus, type Status } from './status.ts'
import { MAX_PATH_URIS, parsePath } from './uri-path.ts'
import { decodeText } from './utf8.ts'

/** Values of Failure-Report (RFC 4975 §9). */
export type FailureReport = 'yes' | 'no' | 'partial'

const TO_PATH = FIELD_NAMES.indexOf('To-Path')
const FROM_PATH = FIELD_NAMES.indexOf('From-Path')
const MESSAGE_ID = FIELD_NAMES.indexOf('Message-ID')
const BYTE_RANGE = FIELD_NAMES.indexOf('Byte-Range')
const CONTENT_TYPE = FIELD_NAMES.indexOf('Content-Type')
const SUCCESS_REPORT = FIELD_NAMES.indexOf('Success-Report')
const FAILURE_REPORT = FIELD_NAMES.indexOf('Failure-Report')
/** The values of those two; what holds when they are absent comes first. */
const SUCCESS_REPORTS = ['no', 'yes'] as const
const FAILURE_REPORTS = ['yes', 'no', 'partial'] as const
const WWW_AUTHENTICATE = FIELD_NAMES.indexOf('WWW-Authenticate')

/**
 * The header fields of a request or response, over their bytes as received: nothing is decoded before it is asked for,
 * the paths alone are, once. Names are found in any case. Stays valid; nothing in it is lent.
 *
 * Getters of single fields give undefined when the field is absent and throw `MsrpError` `malformed`, naming the field,
 * when its value is not of the grammar.
 */
export class HeaderFields {
  /** The lines, and which field each is. */
  readonly lines: FieldLines
  /**
   * Both paths: the identical object for the same bytes on the same connection, as long as they are remembered. Equal ones
   * from elsewhere may be put in their place, so that those which were read for this head alone need not be kept.
   */
  paths: Paths
  #messageId: string | undefined
  #byteRange: ByteRange | undefined

  /**
   * @param lines their bytes are kept, so they must not be changed afterwards.
   * @param paths as `readPaths` reads them.
   */
  constructor(lines: FieldLines, paths: Paths) {
    this.lines = lines
    this.paths = paths
  }

  /** All field lines byte for byte, each with its CRLF, in order; without start-line and blank line. Not to be changed. */
  get bytes(): Uint8Array {
    return this.lines.bytes.subarray(this.lines.start(0), this.lines.start(0) + this.size)
  }

  /** How many bytes that are. */
  get size(): number {
    return this.lines.size
  }

  /** The value of the first field of this name, in any case, without blanks around it; undefined when there is none. */
  get(name: string): string | undefined {
    return this.#valueIn(this.#find(name, 0))
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
    // Loops, here and below, since both are asked for every chunk: what takes a function makes garbage.
    // The paths are most of all bytes, and have no control characters or they could not have been parsed.
    for (let line = 0; line < lines.count; line++) {
      const kind = lines.kinds[line]
      if (kind !== TO_PATH && kind !== FROM_PATH && !lines.isSound(line))
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
    for (const kind of this.lines.kinds) {
      if (kind < 0 || kind === WWW_AUTHENTICATE) continue
      if ((seen & (1 << kind)) !== 0) return FIELD_NAMES[kind]
      seen |= 1 << kind
    }
    return undefined
  }

  /** URIs still to visit, the next one first. */
  get toPath(): readonly MsrpUri[] {
    return this.paths.toPath
  }

  /** URIs already visited, the last one first. */
  get fromPath(): readonly MsrpUri[] {
    return this.paths.fromPath
  }

  get messageId(): string | undefined {
    this.#messageId ??= this.#valueIn(this.lines.find(MESSAGE_ID))
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
    return this.#oneOf(SUCCESS_REPORT, SUCCESS_REPORTS) === 'yes'
  }

  /** Which failures are to be told; `yes` when absent (RFC 4975 §7.1.1). */
  get failureReport(): FailureReport {
    return this.#oneOf(FAILURE_REPORT, FAILURE_REPORTS)
  }

  get status(): Status | undefined {
    const value = this.get('Status')
    return value === undefined ? undefined : parseStatus(value)
  }

  /** As written; `mediaType` has it parsed. */
  get contentType(): string | undefined {
    return this.#valueIn(this.lines.find(CONTENT_TYPE))
  }

  get mediaType(): MediaType | undefined {
    const value = this.contentType
    if (value === undefined) return undefined
    const type = parseMediaType(value)
    if (type === undefined) throw malformed('Content-Type', value, 'for example text/plain')
    return type
  }

  /** Seconds. */
  get expires(): number | undefined {
    return this.seconds('Expires')
  }

  /** The number of seconds in the field of this name, such as Min-Expires. */
  seconds(name: string): number | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (!/^\d{1,15}$/.test(value)) throw malformed(name, value, 'a whole number of seconds')
    return Number(value)
  }

  get usePath(): readonly MsrpUri[] | undefined {
    const value = this.get('Use-Path')
    return value === undefined ? undefined : parsePath(value)
  }

  /** The Digest challenges of all WWW-Authenticate fields, in order; empty when there are none. */
  get wwwAuthenticate(): readonly Challenge[] {
    return this.all('WWW-Authenticate').flatMap(parseChallenges)
  }

  get authenticationInfo(): AuthenticationInfo | undefined {
    const value = this.get('Authentication-Info')
    return value === undefined ? undefined : parseAuthenticationInfo(value)
  }

  /** The first of them when the field is absent. */
  #oneOf<Value extends string>(field: number, values: readonly [Value, ...Value[]]): Value {
    const line = this.lines.find(field)
    if (line === -1) return values[0]
    for (const value of values) if (this.lines.holds(line, value)) return value
    throw malformed(FIELD_NAMES[field], this.lines.value(line), `one of ${values.join(', ')}`)
  }

  /** Undefined for -1. */
  #valueIn(line: number): string | undefined {
    return line === -1 ? undefined : this.lines.value(line)
  }

  #find(name: string, from: number): number {
    const field = fieldNumber(name)
    return field === -1 ? this.lines.findNamed(name.toLowerCase(), from) : this.lines.find(field, from)
  }
}

/**
 * Both paths, of no more URIs each.
 * @throws MsrpError `malformed` when one is absent, there twice, or none; `limit-exceeded`
 */
export function readPaths(lines: FieldLines, mostUris: number = MAX_PATH_URIS): Paths {
  return { toPath: readPath(lines, TO_PATH, mostUris), fromPath: readPath(lines, FROM_PATH, mostUris) }
}

/** The path in the one line of this field. */
function readPath(lines: FieldLines, field: number, mostUris: number): readonly MsrpUri[] {
  const line = lines.find(field)
  if (line === -1) throw new MsrpError('malformed', `There is no ${FIELD_NAMES[field]}`)
  // With two of them, two readers may each believe another one, and messages go astray.
  if (lines.find(field, line + 1) !== -1) throw new MsrpError('malformed', `There are two ${FIELD_NAMES[field]} fields`)
  return parsePath(lines.value(line), mostUris)
}

function malformed(field: string | undefined, value: string, expected: string): MsrpError {
  return new MsrpError('malformed', `${field} is ${shown(value)}, expected ${expected}`)
}
