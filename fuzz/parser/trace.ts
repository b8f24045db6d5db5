import { ChunkParser, type ContinuationFlag, type Head, MsrpError, type ParserLimits } from 'msrp/wire'

/** What a parser called for one request or response. */
export interface TracedChunk {
  readonly head: Head
  readonly body: Buffer
  /** Undefined when the end-line did not come. */
  readonly flag: ContinuationFlag | undefined
}

/** All that came of some bytes. */
export interface Trace {
  readonly chunks: readonly TracedChunk[]
  /** The code of the error that ended it, when one did. */
  readonly error: string | undefined
  readonly idle: boolean
}

/** What a body holds before it is copied together; used again and again. */
let held = Buffer.alloc(1 << 17)

/**
 * Gives a new parser the bytes in pieces, cut at these places, and says what came of it. Each piece is overwritten when
 * the parser has returned, since it may keep nothing of it.
 * @throws what is no MsrpError, and an Error when the calls come in an impossible order.
 */
export function trace(bytes: Uint8Array, cuts: readonly number[], limits: Partial<ParserLimits>): Trace {
  const chunks: TracedChunk[] = []
  let head: Head | undefined
  let size = 0
  const close = (flag: ContinuationFlag | undefined): void => {
    if (head === undefined) throw new Error('an end, or the end of all, without a head')
    chunks.push({ head, body: Buffer.from(held.subarray(0, size)), flag })
    head = undefined
  }
  const parser = new ChunkParser(
    {
      onHead: (next) => {
        if (head !== undefined) throw new Error('a head inside a chunk')
        head = next
        size = 0
      },
      onBody: (piece) => {
        if (head?.kind !== 'request' || !head.hasBody) throw new Error('body outside a request that has one')
        if (piece.length === 0) throw new Error('an empty piece of body')
        if (size + piece.length > held.length) held = Buffer.concat([held, Buffer.alloc(size + piece.length)])
        held.set(piece, size)
        size += piece.length
      },
      onEnd: close,
    },
    limits,
  )
  let error: string | undefined
  try {
    let from = 0
    for (let index = 0; index <= cuts.length; index++) {
      const until = cuts[index] ?? bytes.length
      const lent = Buffer.from(bytes.subarray(from, until))
      parser.push(lent)
      lent.fill(0x21)
      from = until
      if (cuts.length < 20 && (parser.partialHead === undefined) === (!parser.idle && head === undefined)) {
        throw new Error('partialHead is there if, and only if, a head is under way')
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof MsrpError)) throw thrown
    error = thrown.code
  }
  const { idle } = parser
  if (head !== undefined) close(undefined)
  return { chunks, error, idle }
}
