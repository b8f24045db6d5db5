import { textOfBody } from '../wire/charset.ts'
import type { CpimHead } from './head.ts'
import { CpimHeadReader, type CpimLimits } from './head-reader.ts'

/** A message/cpim that is there as a whole. */
export interface CpimMessage {
  readonly head: CpimHead
  /** The content, as a view into what was parsed. Any type, so any bytes. */
  readonly content: Uint8Array
  /** The content as text, by the charset of its Content-Type, UTF-8 otherwise. */
  text(): string
}

/** Reads a message/cpim. @throws MsrpError `malformed` naming the line or header, `limit-exceeded` */
export function parseCpim(bytes: Uint8Array, limits: CpimLimits = {}): CpimMessage {
  const reader = new CpimHeadReader(limits)
  const { head, rest: content } = reader.push(bytes) ?? { head: reader.end(), rest: new Uint8Array() }
  return { head, content, text: () => textOfBody(content, head.contentType) }
}
