import { formatRequest } from '../wire/encode.ts'
import { type ByteRange, type Field, formatByteRange, type MsrpUri } from '../wire/index.ts'
import { encodeText } from '../wire/utf8.ts'

/** What the heads of a message's chunks have in common. */
export interface ChunkHeadParts {
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
  readonly messageId: string
  readonly successReport: boolean
  readonly failureReport: 'yes' | 'partial' | 'no'
  readonly fields: readonly Field[]
  readonly contentType: string
}

const ID = 'transaction'
const RANGE = '1-*/*'

/**
 * The head of a message's chunks, which is put together once: only the transaction id and Byte-Range differ from chunk to
 * chunk.
 */
export class ChunkHead {
  readonly #beforeRange: string
  readonly #afterRange: string

  /** @throws MsrpError `invalid-argument` for parts that cannot be written */
  constructor({ messageId, successReport, failureReport, fields, ...parts }: ChunkHeadParts) {
    const text = formatRequest({
      ...parts,
      transactionId: ID,
      method: 'SEND',
      fields: [
        ['Message-ID', messageId],
        ['Success-Report', successReport ? 'yes' : 'no'],
        ['Failure-Report', failureReport],
        ['Byte-Range', RANGE],
        ...fields,
      ],
    })
    const line = `\r\nByte-Range: ${RANGE}\r\n`
    const at = text.indexOf(line)
    this.#beforeRange = text.slice(text.indexOf(ID) + ID.length, at + line.indexOf(RANGE))
    this.#afterRange = text.slice(at + line.indexOf(RANGE) + RANGE.length)
  }

  /** The head of one chunk, up to the body. `transactionId` is one of ours. */
  encode(transactionId: string, range: ByteRange): Uint8Array {
    return encodeText(`MSRP ${transactionId}${this.#beforeRange}${formatByteRange(range)}${this.#afterRange}`)
  }
}
