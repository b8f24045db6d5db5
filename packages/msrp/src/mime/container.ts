import { MsrpError } from '../wire/index.ts'
import { transferDecoder } from './transfer-encoding.ts'

/**
 * A kind of message that has others inside, and how to see them: `cpimContainer` of `msrp/cpim`, `multipartContainer` of
 * `msrp/multipart`. The session knows no more of it than this, so that only those load it who use it.
 */
export interface Container {
  /** Media types that it opens, as in accept-types: `message/cpim`, `multipart/*`. */
  readonly types: readonly string[]
  /** What is inside, as far as the first bytes show. Never throws. */
  look(contentType: string, firstBytes: Uint8Array): ContainerView
}

/** What shows of a container. */
export interface ContainerView {
  readonly contents: readonly { readonly contentType: string; readonly firstBytes: Uint8Array }[]
  /** All of it was seen, or nothing more of it can be. */
  readonly complete: boolean
  /** The receiver takes one of the contents and leaves the others (multipart/alternative). */
  readonly choice: boolean
}

/** The first bytes of content, a transfer encoding undone; none where that cannot be. */
export function firstDecoded(bytes: Uint8Array, encoding: string | undefined): Uint8Array {
  try {
    return transferDecoder(encoding)?.push(bytes) ?? bytes
  } catch (error) {
    if (error instanceof MsrpError) return new Uint8Array()
    throw error
  }
}
