import { readText } from '../wire/charset.ts'
import { concatenate, MsrpError } from '../wire/index.ts'
import { type BytePuller, pulledStream } from '../wire/pulled-stream.ts'
import { transferDecoder } from './transfer-encoding.ts'

/** Where content comes from, piece by piece. */
export interface ContentSource extends BytePuller {
  cancel(reason?: unknown): Promise<void>
  /** Has the sender told why. */
  refuse?: ((status: number, comment?: string) => void) | undefined
}

/** Content that arrives. Read it once, by one of the four ways; a transfer encoding is undone by all but `raw`. */
export interface ArrivingContent {
  /**
   * All of it as text, by the charset of its Content-Type, UTF-8 where it names none.
   * @throws MsrpError `not-understood` for a charset or transfer encoding that is not known, and as `bytes`
   */
  text(): Promise<string>
  /** All of it. @throws MsrpError `too-large` beyond `contentBytes`, `not-understood`, and what reading the message throws */
  bytes(): Promise<Uint8Array>
  /**
   * As it arrives. Cancelling it tells the sender to stop; where it is a part of a multipart, the rest of it is passed over.
   * @throws MsrpError `not-understood`
   */
  stream(): ReadableStream<Uint8Array>
  /** As it arrives, byte for byte as it was sent. */
  raw(): ReadableStream<Uint8Array>
}

/** What is known of content before it is read. */
export interface ArrivingFacts {
  readonly contentType: string
  /** The value of Content-Transfer-Encoding. */
  readonly encoding: string | undefined
  /** How many bytes `text` and `bytes` take into memory. */
  readonly most: number
}

/** The ways to read content. */
export function arrivingContent(
  source: ContentSource,
  { contentType, encoding, most }: ArrivingFacts,
): ArrivingContent {
  let taken = false
  const take = (): ContentSource => {
    if (taken) throw new MsrpError('invalid-argument', 'The content is read already: it can be read once')
    taken = true
    return source
  }
  const bytes = async (): Promise<Uint8Array> => {
    const decoder = transferDecoder(encoding)
    const from = take()
    const pieces: Uint8Array[] = []
    let size = 0
    let encoded = 0
    for (let piece = await from.pull(); piece !== undefined; piece = await from.pull()) {
      const decoded = decoder?.push(piece) ?? piece
      if (decoded.length > 0) pieces.push(owned(decoded))
      size += decoded.length
      encoded += piece.length
      if (size > most || encoded > mostEncoded(most)) throw await refused(from, most)
    }
    if (decoder !== undefined) pieces.push(decoder.end())
    const [only] = pieces
    return pieces.length === 1 && only !== undefined ? only : concatenate(pieces)
  }
  return {
    bytes,
    text: () => readText(contentType, bytes),
    raw: () => pulledStream(take()),
    stream: () => {
      const decoder = transferDecoder(encoding)
      const from = take()
      if (decoder === undefined) return pulledStream(from)
      let ended = false
      const pull = async (): Promise<Uint8Array | undefined> => {
        while (!ended) {
          const piece = await from.pull()
          ended = piece === undefined
          const decoded = piece === undefined ? decoder.end() : decoder.push(piece)
          if (decoded.length > 0) return decoded
        }
        return undefined
      }
      return pulledStream({ ...from, pull })
    },
  }
}

/** The reader of a stream as a source. */
export function sourceOf(reader: ReadableStreamDefaultReader<Uint8Array>): ContentSource {
  return {
    pull: async () => (await reader.read()).value,
    cancel: (reason) => reader.cancel(reason),
  }
}

/** A source before which some bytes stand. */
export function startingWith(first: readonly Uint8Array[], isAll: boolean, source: ContentSource): ContentSource {
  const waiting = first.filter(({ length }) => length > 0)
  return { ...source, pull: async () => waiting.shift() ?? (isAll ? undefined : source.pull()) }
}

/** Bytes that so many can become by a transfer encoding: each three in quoted-printable, and line ends, and some to spare. */
function mostEncoded(most: number): number {
  return 4 * most + 65_536
}

/** Bytes without the far larger buffer that they may be a part of, and that would be kept with them. */
function owned(bytes: Uint8Array): Uint8Array {
  return 2 * bytes.length < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes
}

async function refused(source: ContentSource, most: number): Promise<MsrpError> {
  const error = new MsrpError('too-large', `The content has more than ${most} bytes`, { status: 413 })
  source.refuse?.(413, error.message)
  await source.cancel(error).catch(() => {})
  return error
}
