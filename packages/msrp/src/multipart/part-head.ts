import { type ContentField, fieldOf } from '../mime/index.ts'
import { type ContentDisposition, parseContentDisposition, parseMediaType } from '../wire/index.ts'

/** What a part says of itself before its content. */
export class PartHead {
  readonly fields: readonly ContentField[]
  /** The value of Content-Type with its parameters; where there is none, `text/plain` (RFC 2046 §5.1). */
  readonly contentType: string
  readonly disposition: ContentDisposition | undefined
  /**
   * The file name in Content-Disposition, else in the `name` of Content-Type, as the sender gives it: it may hold `/`, `..`
   * or control characters, so never use it as a path without making it safe.
   */
  readonly fileName: string | undefined
  /** The value of Content-ID without its brackets. */
  readonly contentId: string | undefined
  /** The value of Content-Transfer-Encoding. */
  readonly transferEncoding: string | undefined

  constructor(fields: readonly ContentField[], defaultType: string) {
    this.fields = fields
    this.contentType = this.field('Content-Type') ?? defaultType
    this.disposition = parseContentDisposition(this.field('Content-Disposition') ?? '')
    this.fileName = this.disposition?.filename ?? parseMediaType(this.contentType)?.parameters.get('name')
    this.contentId = this.field('Content-ID')?.replace(/^\s*<(.*)>\s*$/s, '$1')
    this.transferEncoding = this.field('Content-Transfer-Encoding')
  }

  /** A header field of the part, by name in any case. */
  field(name: string): string | undefined {
    return fieldOf(this.fields, name)
  }
}
