import { decodeTransfer, depthInside } from '../mime/index.ts'
import { parseMediaType, textOfBody } from '../wire/index.ts'
import { type MultipartLimits, MultipartReader } from './multipart-reader.ts'
import { PartHead } from './part-head.ts'

/** A multipart that is there as a whole. */
export interface Multipart {
  /** Such as `multipart/mixed`, in lower case. */
  readonly type: string
  /** Parameters of its Content-Type by lower-case name. */
  readonly parameters: ReadonlyMap<string, string>
  /** At least one, in their order. */
  readonly parts: readonly MultipartPart[]
}

/** A part of it. */
export class MultipartPart extends PartHead {
  /** The part as it came, header fields included: what a signature is about (RFC 1847 §2.1). */
  readonly whole: Uint8Array
  /** The content as it came. */
  readonly content: Uint8Array
  readonly #limits: MultipartLimits & { readonly depth: number }

  /** For `parseMultipart`. */
  constructor(head: PartHead, bytes: PartBytes, limits: MultipartLimits & { readonly depth: number }) {
    super(head.fields, head.contentType)
    this.whole = bytes.whole
    this.content = bytes.content
    this.#limits = limits
  }

  /** The content, a transfer encoding undone. @throws MsrpError `not-understood`, `malformed` for an encoding */
  bytes(): Uint8Array {
    return decodeTransfer(this.content, this.transferEncoding)
  }

  /**
   * The same as text, by the charset of its Content-Type, UTF-8 where it names none.
   * @throws MsrpError `not-understood`, `malformed` for a charset or an encoding
   */
  text(): string {
    return textOfBody(this.bytes(), this.contentType)
  }

  /** Reads the parts of a part. @throws MsrpError as `parseMultipart`; `type-not-accepted` when it is no multipart */
  multipart(): Multipart {
    return parseMultipart(this.bytes(), this.contentType, this.#limits)
  }
}

/** Views into what was parsed. */
interface PartBytes {
  readonly whole: Uint8Array
  readonly content: Uint8Array
}

/**
 * Reads a multipart that is there as a whole; the parts are views into it.
 * @throws MsrpError `malformed` naming the part, `limit-exceeded`, `type-not-accepted` when it is no multipart
 */
export function parseMultipart(
  bytes: Uint8Array,
  contentType: string,
  limits: MultipartLimits & { readonly depth?: number } = {},
): Multipart {
  const inside = { ...limits, depth: depthInside(limits) }
  const parts: MultipartPart[] = []
  let begun = { head: new PartHead([], ''), start: 0, contentStart: 0 }
  const reader = new MultipartReader(
    contentType,
    {
      part: (head, start, contentStart) => {
        begun = { head, start, contentStart }
      },
      content: () => {},
      partEnd: (end) => {
        const { head, start, contentStart } = begun
        const whole = bytes.subarray(start, end)
        parts.push(new MultipartPart(head, { whole, content: bytes.subarray(contentStart, end) }, inside))
      },
    },
    limits,
  )
  reader.push(bytes)
  reader.end()
  const { type = '', parameters = new Map<string, string>() } = parseMediaType(contentType) ?? {}
  return { type, parameters, parts }
}
