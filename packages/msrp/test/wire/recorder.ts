import {
  type ChunkHandler,
  ChunkParser,
  type ContinuationFlag,
  type Head,
  MsrpError,
  type ParserLimits,
} from '../../src/wire/index.ts'

/** A chunk as a test wants to see it: the body is a string of one character a byte. */
export interface RecordedChunk {
  start: string
  fields: string[]
  /** Undefined when the request has no body, or for a response. */
  body?: string
  /** Undefined while the end-line has not come. */
  flag?: ContinuationFlag
}

/** Everything that came of some bytes. */
export interface Recording {
  chunks: RecordedChunk[]
  /** The code of the error that ended it, when one did. */
  error?: string
  idle: boolean
}

/** Writes down what a parser calls, and fails when the calls come in an impossible order. */
export class Recorder implements ChunkHandler {
  readonly chunks: RecordedChunk[] = []
  readonly bodyPieces: Uint8Array[] = []
  #open = false

  onHead(head: Head): void {
    if (this.#open) throw new Error('A head inside a chunk')
    this.#open = true
    const fields = [...head.fields.entries()].map(([name, value]) => `${name}: ${value}`)
    if (head.kind === 'response') {
      const comment = head.comment === '' ? '' : ` ${head.comment}`
      this.chunks.push({ start: `${head.transactionId} ${head.status}${comment}`, fields })
    } else {
      const body = head.hasBody ? { body: '' } : {}
      this.chunks.push({ start: `${head.transactionId} ${head.method}`, fields, ...body })
    }
  }

  onBody(bytes: Uint8Array): void {
    const chunk = this.chunks.at(-1)
    if (!this.#open || chunk?.body === undefined) throw new Error('Body outside a chunk that has one')
    if (bytes.length === 0) throw new Error('An empty piece of body')
    this.bodyPieces.push(bytes)
    chunk.body += Buffer.from(bytes).toString('latin1')
  }

  onEnd(flag: ContinuationFlag): void {
    const chunk = this.chunks.at(-1)
    if (!this.#open || chunk === undefined) throw new Error('An end outside a chunk')
    this.#open = false
    chunk.flag = flag
  }
}

/** Gives a new parser these pieces, and says what came of it. */
export function record(pieces: Iterable<Uint8Array>, limits?: Partial<ParserLimits>): Recording {
  const recorder = new Recorder()
  const parser = new ChunkParser(recorder, limits)
  try {
    for (const piece of pieces) {
      // A piece is lent: what the parser keeps of it must be a copy.
      const lent = Uint8Array.from(piece)
      parser.push(lent)
      lent.fill(0x21)
    }
    return { chunks: recorder.chunks, idle: parser.idle }
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    return { chunks: recorder.chunks, error: error.code, idle: parser.idle }
  }
}

/** Bytes of a string of one character a byte. */
export function binary(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'))
}

/** The bytes of a block of a test: a line end in it stands for CRLF, ␍ and ␊ for CR and LF alone. */
export function block(text: string): Uint8Array {
  return binary(text.replaceAll('\n', '\r\n').replaceAll('␍', '\r').replaceAll('␊', '\n'))
}

/** The block that these bytes would be written as in a test; CR and LF alone stay what they are. */
export function plain(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n')
}

/** The bytes, cut before each of the given places. */
export function cut(bytes: Uint8Array, ...places: number[]): Uint8Array[] {
  const sorted = [0, ...places.toSorted((one, other) => one - other), bytes.length]
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}
