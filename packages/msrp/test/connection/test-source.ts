import type { ChunkOpening, ChunkPiece, ChunkSource, SentChunk } from '../../src/connection/index.ts'
import { type ContinuationFlag, encodeRequest, MsrpUri } from '../../src/wire/index.ts'

const toPath = [MsrpUri.parse('msrp://far.invalid:1/f;tcp')]
const fromPath = [MsrpUri.parse('msrp://near.invalid:1/n;tcp')]

/** A source of chunks that a test feeds. Its messages are known by their Message-ID. */
export class TestSource implements ChunkSource {
  readonly name: string
  readonly sent: SentChunk[] = []
  /** What `begin` was told, in order. */
  readonly begun: { transactionId: string; unsent: number }[] = []
  /** What `lost` was told; undefined until it was called. */
  gone: { open: { transactionId: string; bodyBytes: number } | undefined } | undefined
  /** Called for each chunk that is begun; may put something into it. */
  onBegin: ((transactionId: string) => void) | undefined
  #pieces: { bytes: Uint8Array; end?: ContinuationFlag | undefined }[] = []
  #end: ContinuationFlag | undefined
  #given = 0
  #open = false
  #done = false

  constructor(name: string) {
    this.name = name
  }

  /** A source that has all of a body. */
  static of(name: string, body: Uint8Array | string): TestSource {
    const source = new TestSource(name)
    source.give(body)
    source.finish()
    return source
  }

  /** More body. With `end` it is the chunk's last, and the end goes with it. */
  give(bytes: Uint8Array | string, end?: ContinuationFlag): this {
    this.#pieces.push({ bytes: Buffer.from(bytes), end })
    if (end !== undefined) this.#done = true
    return this
  }

  /** The message ends after what was given, with an end of its own. */
  finish(flag: ContinuationFlag = '$'): this {
    this.#end = flag
    this.#done = true
    return this
  }

  get state(): 'ready' | 'waiting' | 'done' {
    if (this.#pieces.length > 0 || this.#end !== undefined) return 'ready'
    return this.#done ? 'done' : 'waiting'
  }

  begin(transactionId: string, unsent: number): ChunkOpening {
    if (this.#open) throw new Error('begun twice')
    this.#open = true
    this.begun.push({ transactionId, unsent })
    this.onBegin?.(transactionId)
    const head = encodeRequest({
      transactionId,
      method: 'SEND',
      toPath,
      fromPath,
      fields: [
        ['Message-ID', this.name],
        ['Byte-Range', `${this.#given - unsent + 1}-*/*`],
      ],
      contentType: 'text/plain',
    })
    return { head, hasBody: true }
  }

  next(limit: number): ChunkPiece {
    const piece = this.#pieces[0]
    if (piece === undefined) {
      if (this.#end === undefined) return { kind: 'waiting' }
      const flag = this.#end
      this.#end = undefined
      return { kind: 'end', flag }
    }
    const bytes = piece.bytes.subarray(0, limit)
    this.#given += bytes.byteLength
    const rest = piece.bytes.subarray(limit)
    if (rest.byteLength > 0) {
      piece.bytes = rest
      return { kind: 'body', bytes }
    }
    this.#pieces.shift()
    return { kind: 'body', bytes, end: piece.end }
  }

  ended(chunk: SentChunk): void {
    if (!this.#open) throw new Error('ended without a beginning')
    this.#open = false
    this.sent.push(chunk)
  }

  lost(open: { transactionId: string; bodyBytes: number } | undefined): void {
    if (this.gone !== undefined) throw new Error('lost twice')
    this.gone = { open }
  }
}

/** A body without pattern, the same for the same seed. */
export function someBody(size: number, seed = 1): Buffer {
  const body = Buffer.alloc(size)
  let state = seed * 2654435761
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    body[index] = state >>> 24
  }
  return body
}
