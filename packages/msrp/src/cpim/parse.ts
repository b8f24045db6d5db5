import { decodeTransfer } from '../mime/index.ts'
import { textOfBody } from '../wire/index.ts'
import type { CpimHead } from './head.ts'
import { CpimHeadReader, type CpimLimits } from './head-reader.ts'

/** A message/cpim that is there as a whole. */
export interface CpimMessage {
  readonly head: CpimHead
  /** That of the content, with its parameters. */
  readonly contentType: string
  /** The content as it came, as a view into what was parsed. Any type, so any bytes. */
  readonly content: Uint8Array
  /** The content, a transfer encoding undone. @throws MsrpError `not-understood`, `malformed` for an encoding */
  bytes(): Uint8Array
  /**
   * The same as text, by the charset of its Content-Type, UTF-8 where it names none.
   * @throws MsrpError `not-understood`, `malformed` for a charset or an encoding
   */
  text(): string
}

/** Reads a message/cpim. @throws MsrpError `malformed` naming the line or header, `limit-exceeded` */
export function parseCpim(bytes: Uint8Array, limits: CpimLimits = {}): CpimMessage {
  const reader = new CpimHeadReader(limits)
  const { head, rest } = reader.push(bytes) ?? reader.end()
  const content = bytes.subarray(bytes.length - rest.length)
  const decoded = (): Uint8Array => decodeTransfer(content, head.transferEncoding)
  return {
    head,
    contentType: head.contentType,
    content,
    bytes: decoded,
    text: () => textOfBody(decoded(), head.contentType),
  }
}
