import { ByteSearch } from './byte-search.ts'
import type { ChunkHandler, ChunkReader } from './chunk-parser.ts'
import { FieldLines } from './field-lines.ts'
import type { ContinuationFlag, Head } from './head.ts'
import { HeaderFields, readPaths } from './header-fields.ts'
import { type ParserLimits, withDefaults } from './parser-limits.ts'
import { parseStartLine } from './start-line.ts'
import { encodeText } from './utf8.ts'

const CR = 0x0d
const LF = 0x0a
const HYPHEN = 0x2d

/** A request or response that lies whole in a piece of bytes. */
interface Whole {
  readonly head: Head
  /** Empty when there is none. */
  readonly body: Uint8Array
  readonly flag: ContinuationFlag
}

/**
 * Reads MSRP from messages that each hold one request or response, as those of a WebSocket do (RFC 7977 §5.1), so that
 * nothing has to be put together. What is not like that, or not sound, is left to a `ChunkParser`, from there on for good;
 * it is loaded when it is needed, which hardly ever is the case. Thus both take and refuse the same.
 */
export class MessageReader implements ChunkReader {
  readonly #handler: ChunkHandler
  readonly #limits: ParserLimits
  #parser: ChunkReader | undefined
  #loading: Promise<void> | undefined
  /** What has come meanwhile. */
  #waiting: Uint8Array[] = []

  constructor(handler: ChunkHandler, limits: Partial<ParserLimits> = {}) {
    this.#handler = handler
    this.#limits = withDefaults(limits)
  }

  get partialHead(): string | undefined {
    return this.#parser?.partialHead
  }

  push(bytes: Uint8Array): void | Promise<void> {
    if (this.#parser !== undefined) return this.#parser.push(bytes)
    const whole = this.#loading === undefined ? this.#read(bytes) : undefined
    if (whole === undefined) {
      this.#waiting.push(bytes.slice())
      this.#loading ??= this.#load()
      return this.#loading
    }
    const { head, body, flag } = whole
    this.#handler.onHead(head)
    if (head.kind === 'request' && body.length > 0) this.#handler.onBody(body, false)
    this.#handler.onEnd(flag)
  }

  async #load(): Promise<void> {
    const { ChunkParser } = await import('./chunk-parser.ts')
    this.#parser = new ChunkParser(this.#handler, this.#limits)
    for (const bytes of this.#waiting.splice(0)) this.#parser.push(bytes)
  }

  #read(bytes: Uint8Array): Whole | undefined {
    try {
      return wholeIn(bytes, this.#limits)
    } catch {
      return undefined
    }
  }
}

/** Undefined for what is not whole and sound. @throws MsrpError for some of that */
function wholeIn(bytes: Uint8Array, limits: ParserLimits): Whole | undefined {
  const fieldsAt = lineEnd(bytes, 0)
  const startLine = parseStartLine(bytes, 0, fieldsAt - 2)
  const opening = encodeText(`-------${startLine.transactionId}`)
  // Where the end-line has to be when nothing comes after it.
  const end = bytes.length - opening.length - 3
  const flag = String.fromCharCode(bytes[bytes.length - 3] ?? 0)
  if (new ByteSearch(opening).indexIn(bytes, fieldsAt) !== end || lineEnd(bytes, end) !== bytes.length) return undefined
  if (flag !== '$' && flag !== '+' && flag !== '#') return undefined
  const ends: number[] = []
  let at = fieldsAt
  while (bytes[at] !== CR && bytes[at] !== HYPHEN) {
    const next = lineEnd(bytes, at)
    if (next <= at || next - at > limits.headerLineBytes) return undefined
    ends.push(next - fieldsAt)
    at = next
  }
  const hasBody = bytes[at] === CR
  const bodyAt = hasBody ? at + 2 : bytes.length
  // The CRLF of the blank line may be that before the end-line, too.
  const fits = hasBody ? lineEnd(bytes, at) === bodyAt && lineEnd(bytes, end - 2) === end : at === end
  if (!fits || fieldsAt > limits.headerLineBytes || bodyAt > limits.headerBlockBytes) return undefined
  // Heads outlive the bytes they came in.
  const lines = new FieldLines(bytes.slice(fieldsAt, at), ends)
  const fields = new HeaderFields(lines, readPaths(lines, limits.pathUris))
  const head: Head = startLine.kind === 'request' ? { ...startLine, fields, hasBody } : { ...startLine, fields }
  const body = bytes.subarray(bodyAt, Math.max(bodyAt, end - 2))
  const limited = head.kind === 'response' || head.method !== 'SEND'
  return limited && body.length > limits.nonSendBodyBytes ? undefined : { head, body, flag }
}

/** The place after the CRLF that ends a line; 0, where no line ends, when there is none. */
function lineEnd(bytes: Uint8Array, from: number): number {
  const lineFeed = bytes.indexOf(LF, from)
  return lineFeed > 0 && bytes[lineFeed - 1] === CR ? lineFeed + 1 : 0
}
