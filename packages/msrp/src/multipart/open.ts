import {
  type ArrivingContent,
  arrivingContent,
  type ContentSource,
  depthInside,
  sourceOf,
  untilGivenUp,
} from '../mime/index.ts'
import { MsrpError, parseMediaType } from '../wire/index.ts'
import { type MultipartLimits, MultipartReader } from './multipart-reader.ts'
import { type Multipart, parseMultipart } from './parse.ts'
import { PartHead } from './part-head.ts'

/** What can be opened: an `IncomingMessage` of `msrp`, a message/cpim or a part that was opened, or anything like them. */
export interface MultipartSource {
  readonly contentType: string
  /** Bytes, where it is known. */
  readonly size?: number | undefined
  /** Containers that it is inside of. */
  readonly depth?: number
  stream(): ReadableStream<Uint8Array>
  refuse?(status?: number, comment?: string): void
}

/** How to open a multipart. */
export interface OpenMultipartOptions extends MultipartLimits {
  /**
   * How many bytes `readMultipart`, and `text` and `bytes` of a part, take into memory; beyond it 413. Default: as many as the
   * session takes.
   */
  readonly contentBytes?: number
  /**
   * Gives up waiting for any of it, heads or contents of parts, with `aborted`, and tells the sender to stop with 413; once all
   * of it is here it has no effect. `AbortSignal.timeout(30_000)` sets a limit of time. Default: waits as long as the message
   * takes.
   */
  readonly signal?: AbortSignal
}

/** A multipart whose parts arrive. Iterate once. Leaving the iteration early tells the sender to stop. */
export interface OpenedMultipart extends AsyncIterable<OpenedPart> {
  /** Such as `multipart/mixed`, in lower case. */
  readonly type: string
  /** Parameters of its Content-Type by lower-case name. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * A part while it arrives. Read it before you go on to the next, once, by one of the four ways; what is not read is passed
 * over. It can itself be opened by `openMultipart` or `openCpim`.
 */
export class OpenedPart extends PartHead implements ArrivingContent {
  readonly text: () => Promise<string>
  readonly bytes: () => Promise<Uint8Array>
  readonly stream: () => ReadableStream<Uint8Array>
  readonly raw: () => ReadableStream<Uint8Array>
  /** Takes no more of the whole message; as `refuse` of it. */
  readonly refuse: (status?: number, comment?: string) => void
  /** Containers that it is inside of. */
  readonly depth: number

  /** For `openMultipart`. */
  constructor(head: PartHead, source: ContentSource, { most, depth }: { most: number; depth: number }) {
    super(head.fields, head.contentType)
    const { contentType, transferEncoding: encoding } = head
    const { text, bytes, stream, raw } = arrivingContent(source, { contentType, encoding, most })
    this.text = text
    this.bytes = bytes
    this.stream = stream
    this.raw = raw
    this.refuse = (status = 413, comment) => source.refuse?.(status, comment)
    this.depth = depth
  }
}

/**
 * Reads the parts of a multipart as they arrive. One that cannot be read is refused with 400, one that holds too much with
 * 413, where the sender has not had its answer yet.
 * @throws MsrpError `malformed`, `limit-exceeded`, `type-not-accepted` when it is no multipart; while iterating also
 *   `aborted` by the signal, and what reading the message throws
 */
export function openMultipart(message: MultipartSource, options: OpenMultipartOptions = {}): OpenedMultipart {
  const { contentType } = message
  const depth = refusing(message, () => depthInside(message))
  const events: MultipartEvent[] = []
  const reader = refusing(message, () => new MultipartReader(contentType, eventsInto(events), options))
  const { type = '', parameters = new Map<string, string>() } = parseMediaType(contentType) ?? {}
  const most = options.contentBytes ?? Number.POSITIVE_INFINITY
  const parts = (): AsyncGenerator<OpenedPart> => partsOf(message, reader, events, { ...options, most, depth })
  return { type, parameters, [Symbol.asyncIterator]: parts }
}

/** Reads a multipart as a whole into memory. @throws MsrpError as `openMultipart`; `too-large` */
export async function readMultipart(message: MultipartSource, options: OpenMultipartOptions = {}): Promise<Multipart> {
  const { contentBytes: most = Number.POSITIVE_INFINITY, signal, ...limits } = options
  const { contentType, size = 0 } = message
  if (size > most) {
    refusing(message, () => {
      throw new MsrpError('too-large', `The multipart has ${size} bytes, more than ${most}`, { status: 413 })
    })
  }
  const source = sourceFor(message, signal)
  const bytes = await arrivingContent(source, { contentType, encoding: undefined, most }).bytes()
  return parseMultipart(bytes, contentType, {
    ...limits,
    ...(message.depth === undefined ? {} : { depth: message.depth }),
  })
}

type MultipartEvent =
  | { readonly kind: 'part'; readonly head: PartHead }
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }

function eventsInto(events: MultipartEvent[]): ConstructorParameters<typeof MultipartReader>[1] {
  return {
    part: (head) => events.push({ kind: 'part', head }),
    content: (bytes) => events.push({ kind: 'content', bytes }),
    partEnd: () => events.push({ kind: 'end' }),
  }
}

/** Does something; when the content is to blame for its failure, the sender hears of it. */
function refusing<Result>(message: MultipartSource, run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    // It is one line without control characters, since `shown` lets none through.
    if (error instanceof MsrpError && error.status !== undefined) message.refuse?.(error.status, error.message)
    throw error
  }
}

/** What is read of a message, as long as the signal lets it. */
function sourceFor(message: MultipartSource, signal: AbortSignal | undefined): ContentSource {
  const refuse = (status: number, comment?: string): void => message.refuse?.(status, comment)
  return untilGivenUp({ ...sourceOf(message.stream().getReader()), refuse }, signal, 'the multipart')
}

async function* partsOf(
  message: MultipartSource,
  reader: MultipartReader,
  events: MultipartEvent[],
  { signal, ...options }: { signal?: AbortSignal; most: number; depth: number },
): AsyncGenerator<OpenedPart> {
  const source = sourceFor(message, signal)
  const { refuse } = source
  let at = 0
  let ended = false
  let failure: unknown
  const next = async (): Promise<MultipartEvent | undefined> => {
    while (at >= events.length && failure === undefined && !ended) {
      at = 0
      events.length = 0
      try {
        const bytes = await source.pull()
        if (failure !== undefined) throw failure
        ended = bytes === undefined
        refusing(message, () => (bytes === undefined ? reader.end() : reader.push(bytes)))
      } catch (error) {
        failure = error
        await source.cancel(error).catch(() => {})
      }
    }
    if (at < events.length) return events[at++]
    if (failure !== undefined) throw failure
    return undefined
  }
  let current: PartHead | undefined
  let pulling: Promise<unknown> = Promise.resolve()
  try {
    for (let event = await next(); event !== undefined; event = await next()) {
      if (event.kind !== 'part') continue
      const { head } = event
      current = head
      let over = false
      const pull = async (): Promise<Uint8Array | undefined> => {
        if (over) return undefined
        if (current !== head) throw new MsrpError('closed', 'The part is over: the next one is read')
        const got = next()
        pulling = got
        const piece = await got
        if (piece?.kind === 'content') return piece.bytes
        over = true
        return undefined
      }
      // The other parts are wanted, though the rest of this one may not be.
      yield new OpenedPart(head, { pull, cancel: async () => {}, refuse }, options)
      await pulling.catch(() => {})
      current = undefined
    }
  } finally {
    if (!ended) {
      failure ??= new MsrpError('closed', 'The parts are not wanted any more: the iteration was left')
      await source.cancel().catch(() => {})
    }
  }
}
