import { type ContinuationFlag, type Head, MessageReader, type ParserLimits } from 'msrp/wire'
import { naiveParse } from '../../packages/msrp/test/wire/naive-codec.ts'
import { decode, sendOn } from './decode.ts'
import type { ParserInput } from './input.ts'
import { type Trace, type TracedChunk, trace } from './trace.ts'

/** How much is looked at besides what is looked at of every input. */
export interface Depth {
  /** Compares with the plain codec, which is slow. */
  readonly oracle: boolean
  /** Compares the values read of the heads in both runs. */
  readonly values: boolean
}

/** What came of an input, for the table of a run. */
export interface Verdict {
  readonly chunks: number
  readonly error: string | undefined
  readonly compared: boolean
}

/**
 * Runs one input: whole and in pieces, which has to come to the same; with all that the heads hold read and written
 * again; and compared with the plain codec where that can read it.
 * @throws Error when anything is wrong.
 */
export function checkParser({ bytes, cuts, limits }: ParserInput, depth: Depth): Verdict {
  const whole = trace(bytes, [], limits)
  const pieces = trace(bytes, cuts, limits)
  compare(whole, pieces, depth.values)
  compareWithMessage(bytes, limits)
  const [first] = whole.chunks
  if (first?.flag !== undefined && whole.chunks.length > 1) compareWithMessage(upTo(first, bytes), limits)
  for (const { head, body } of whole.chunks) {
    decode(head)
    if (body.length > 0) sendOn(body, head.transactionId, 1 + (bytes.length % 700))
  }
  // CR alone at the very end may become an empty line yet.
  const comparable = depth.oracle && isSound(whole) && bytes.at(-1) !== 0x0d
  if (comparable) compareWithNaive(bytes, whole)
  return { chunks: whole.chunks.length, error: whole.error, compared: comparable }
}

function compare(whole: Trace, pieces: Trace, values: boolean): void {
  expectSame('error', whole.error, pieces.error)
  expectSame('number of chunks', whole.chunks.length, pieces.chunks.length)
  // After an error nobody asks.
  if (whole.error === undefined) expectSame('idle', whole.idle, pieces.idle)
  for (const [index, one] of whole.chunks.entries()) {
    const other = pieces.chunks[index] as TracedChunk
    const [first, second] = [one.head, other.head]
    expectSame('start-line', startOf(one), startOf(other))
    expectSame('flag', one.flag, other.flag)
    if (Buffer.compare(first.fields.bytes, second.fields.bytes) !== 0) throw new Error('the fields differ when cut')
    if (first.fields.lines.kinds.join() !== second.fields.lines.kinds.join())
      throw new Error('the kinds of fields differ')
    expectSame('path', first.fields.toPath.join(), second.fields.toPath.join())
    // The end of what was not complete may still be held back.
    if (one.flag !== undefined && !one.body.equals(other.body)) throw new Error('the bodies differ when cut')
    if (values) expectSame('values', JSON.stringify(decode(first)), JSON.stringify(decode(second)))
  }
}

function expectSame(what: string, whole: unknown, pieces: unknown): void {
  if (whole !== pieces) throw new Error(`${what}: whole ${String(whole)}, in pieces ${String(pieces)}`)
}

function startOf({ head }: TracedChunk): string {
  if (head.kind === 'response') return `${head.transactionId} ${head.status} ${head.comment}`.trimEnd()
  return `${head.transactionId} ${head.method}`
}

/** The bytes up to the end of the first request or response, as a WebSocket's message would hold it. */
function upTo({ head }: TracedChunk, bytes: Uint8Array): Uint8Array {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(`-------${head.transactionId}`)
  return bytes.subarray(0, end + 10 + head.transactionId.length)
}

/** What is read as one message has to be what the parser reads. */
function compareWithMessage(bytes: Uint8Array, limits: Partial<ParserLimits>): void {
  const chunks: { head: Head; body: Buffer; flag: ContinuationFlag | undefined }[] = []
  const reader = new MessageReader(
    {
      onHead: (head) => chunks.push({ head, body: Buffer.alloc(0), flag: undefined }),
      onBody: (body) => Object.assign(chunks.at(-1) ?? {}, { body: Buffer.from(body) }),
      onEnd: (flag) => Object.assign(chunks.at(-1) ?? {}, { flag }),
    },
    limits,
  )
  const later = reader.push(bytes)
  // The parser, loaded for what is not one sound message, reads it then.
  later?.catch(() => {})
  if (later === undefined)
    compare({ chunks: [...chunks], error: undefined, idle: true }, trace(bytes, [], limits), true)
}

/** The plain codec reads what is complete, has fields of ASCII with names, and is no answer of Kamailio's. */
function isSound({ chunks, error, idle }: Trace): boolean {
  if (error !== undefined || !idle) return false
  return chunks.every(({ head: { fields, ...head } }) => {
    if (head.kind === 'response' && head.status === 423) return false
    return fields.malformedLine === undefined && fields.bytes.every((byte) => byte < 0x7f)
  })
}

function compareWithNaive(bytes: Uint8Array, whole: Trace): void {
  const plain = naiveParse(Buffer.from(bytes).toString('latin1'))
  expectSame('number of chunks (plain codec)', plain.length, whole.chunks.length)
  for (const [index, chunk] of whole.chunks.entries()) {
    const expected = plain[index]
    const { head, body, flag } = chunk
    if (head.kind === 'request') expectSame('start-line (plain codec)', expected?.start, startOf(chunk))
    expectSame('flag (plain codec)', expected?.flag, flag)
    const fields = [...head.fields.entries()].map(([name, value]) => `${name}: ${value}`)
    expectSame('fields (plain codec)', expected?.fields.join('\n'), fields.join('\n'))
    // A body in a response is passed over.
    const read = head.kind === 'request' && head.hasBody ? body.toString('latin1') : undefined
    if (head.kind === 'request') expectSame('body (plain codec)', expected?.body, read)
  }
}
