import { type ContentField, fieldOf } from '../mime/index.ts'
import { MsrpError } from '../wire/index.ts'
import { type CpimAddress, parseAddress } from './address.ts'
import { parseDateTime } from './date-time.ts'
import { CPIM_NAMESPACE, type CpimHeader, type CpimHeaderReader, type CpimName } from './header.ts'

/** A description of the message in one language. */
export interface CpimSubject {
  readonly text: string
  /** RFC 3066; undefined where the sender does not say. */
  readonly language: string | undefined
}

/** The headers that are understood here without being told: those of RFC 3862 §4. */
const OWN: ReadonlySet<string> = new Set(['From', 'To', 'cc', 'DateTime', 'Subject', 'NS', 'Require'])

/** What stands before the content of a message/cpim: its headers, and the MIME header fields of the content. */
export class CpimHead {
  /** Who sent it; undefined when the message does not say, though it should (RFC 4975 §13). */
  readonly from: CpimAddress | undefined
  readonly to: readonly CpimAddress[]
  readonly cc: readonly CpimAddress[]
  /** When it was sent; undefined when it does not say, or in no form of RFC 3339. */
  readonly dateTime: Date | undefined
  /** One, and some peers send more: each in another language. */
  readonly subjects: readonly CpimSubject[]
  /** What the receiver has to understand to understand the message (RFC 3862 §3.5). */
  readonly required: readonly CpimName[]
  /** Every header, those above included, in the order in which they came. */
  readonly headers: readonly CpimHeader[]
  readonly contentFields: readonly ContentField[]
  /** The value of the content's Content-Type with its parameters; `text/plain` where there is none (RFC 2045 §5.2). */
  readonly contentType: string
  /** The value of the content's Content-Transfer-Encoding; undefined where it is as it is, as it should be. */
  readonly transferEncoding: string | undefined
  /** All of it as it came, so that a gateway can pass the message on unchanged (RFC 3862 §6). */
  readonly bytes: Uint8Array

  /** @throws MsrpError `malformed` when From or DateTime comes twice, so that readers could take one or the other */
  constructor(reader: CpimHeaderReader, contentFields: readonly ContentField[], bytes: Uint8Array) {
    this.headers = reader.headers
    this.required = reader.required
    this.contentFields = contentFields
    this.contentType = this.contentField('Content-Type') ?? 'text/plain'
    this.transferEncoding = this.contentField('Content-Transfer-Encoding')
    this.bytes = bytes
    const from = this.#only('From')
    const dateTime = this.#only('DateTime')
    this.from = from === undefined ? undefined : parseAddress(from.rawValue)
    this.to = this.all(CPIM_NAMESPACE, 'To').map(({ rawValue }) => parseAddress(rawValue))
    // RFC 3862 §4.3 has cc; RFC 4975 §13 calls it CC.
    this.cc = this.headers
      .filter(({ namespace, name }) => namespace === CPIM_NAMESPACE && (name === 'cc' || name === 'CC'))
      .map(({ rawValue }) => parseAddress(rawValue))
    this.dateTime = dateTime === undefined ? undefined : parseDateTime(dateTime.value)
    this.subjects = this.all(CPIM_NAMESPACE, 'Subject').map(({ value, language }) => ({ text: value, language }))
  }

  /**
   * The subject in a language: in the very one, else a special one of it (`de-AT` for `de`), else a more general one (`de` for
   * `de-AT`), else the one without language, else the first. Tags compare in any case (RFC 3066 §2.5).
   */
  subject(language?: string): string | undefined {
    const tagged = this.subjects.map(({ text, language: tag }) => ({ text, tag: tag?.toLowerCase() }))
    const wanted = language?.toLowerCase()
    const [found = this.subjects[0]] = [
      tagged.find(({ tag }) => tag === wanted),
      tagged.find(({ tag }) => wanted !== undefined && tag?.startsWith(`${wanted}-`)),
      tagged.find(({ tag }) => tag !== undefined && wanted?.startsWith(`${tag}-`)),
      tagged.find(({ tag }) => tag === undefined),
    ].filter((subject) => subject !== undefined)
    return found?.text
  }

  /** The first header of a namespace and name; both are compared letter by letter (RFC 3862 §3.1). */
  find(namespace: string, name: string): CpimHeader | undefined {
    return this.headers.find((header) => header.namespace === namespace && header.name === name)
  }

  /** All of them. */
  all(namespace: string, name: string): CpimHeader[] {
    return this.headers.filter((header) => header.namespace === namespace && header.name === name)
  }

  /** A MIME header field of the content, by name in any case. */
  contentField(name: string): string | undefined {
    return fieldOf(this.contentFields, name)
  }

  /** Of what the message requires, that which neither this library nor the application understands. */
  notUnderstood(understands: (required: CpimName) => boolean = () => false): CpimName[] {
    return this.required.filter(
      (required) => !(required.namespace === CPIM_NAMESPACE && OWN.has(required.name)) && !understands(required),
    )
  }

  #only(name: string): CpimHeader | undefined {
    const [first, second] = this.all(CPIM_NAMESPACE, name)
    // RFC 4975 §13: not more than once. Which one counts would be a matter of the reader.
    if (second !== undefined) throw new MsrpError('malformed', `message/cpim has more than one ${name} header`)
    return first
  }
}
