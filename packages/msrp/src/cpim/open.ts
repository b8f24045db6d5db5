import {
  type ArrivingContent,
  arrivingContent,
  type ContentSource,
  depthInside,
  sourceOf,
  startingWith,
  untilGivenUp,
} from '../mime/index.ts'
import { MsrpError, parseMediaType } from '../wire/index.ts'
import { pulledStream } from '../wire/pulled-stream.ts'
import { shown } from '../wire/shown.ts'
import type { CpimHead } from './head.ts'
import { CPIM_TYPE, CpimHeadReader, type CpimLimits, type FoundHead } from './head-reader.ts'
import type { CpimName } from './header.ts'

/** What of a received message is needed to open it: an `IncomingMessage` of `msrp`, or anything like it. */
export interface CpimSource {
  readonly contentType: string
  /** Containers that it is inside of. */
  readonly depth?: number
  stream(): ReadableStream<Uint8Array>
  refuse?(status: number, comment?: string): void
}

/** How to open a message. */
export interface OpenOptions extends CpimLimits {
  /** Which headers and features of other namespaces the application understands, of those that messages require. */
  readonly understands?: (required: CpimName) => boolean
  /** How many bytes of content `text` and `bytes` take into memory; beyond it 413. Default: as many as the session takes. */
  readonly contentBytes?: number
  /**
   * Gives up while the head is not here, with `aborted`, and tells the sender to stop with 413; later it has no effect.
   * `AbortSignal.timeout(30_000)` sets a limit of time. Default: waits as long as the message takes.
   */
  readonly signal?: AbortSignal
}

/** A message/cpim whose head has arrived. Read its content once, by one of the five ways. */
export interface OpenedCpim extends ArrivingContent {
  readonly head: CpimHead
  /** That of the content, with its parameters: what is inside can be opened like a message. */
  readonly contentType: string
  /** Containers that its content is inside of, this one included. */
  readonly depth: number
  /** The whole message with its head, byte for byte as it came: to pass on (RFC 3862 §6). */
  whole(): ReadableStream<Uint8Array>
  /** Takes no more of it; as `refuse` of the message. */
  refuse(status?: number, comment?: string): void
}

/**
 * Reads the head of a received message/cpim, and leaves its content to be read. A message that cannot be read, or that
 * requires what is not understood here, is refused with 400 (RFC 4975 §10.2, RFC 3862 §3.5); a short one has had its
 * answer by then, so those that shall know in time look at it with `cpimVerdict` before.
 * @throws MsrpError `malformed`, `limit-exceeded`, `not-understood`, `type-not-accepted` when it is no message/cpim,
 *   `aborted` by the signal, and what reading the message throws
 */
export async function openCpim(message: CpimSource, options: OpenOptions = {}): Promise<OpenedCpim> {
  if (!isCpim(message.contentType)) {
    throw new MsrpError('type-not-accepted', `A message of type ${shown(message.contentType)} is no message/cpim`)
  }
  const depth = depthInside(message)
  const refuse = (status = 413, comment?: string): void => message.refuse?.(status, comment)
  const source = { ...sourceOf(message.stream().getReader()), refuse }
  try {
    const { head, rest, ended } = await readHead(
      untilGivenUp(source, options.signal, 'the head of message/cpim'),
      options,
    )
    const error = requirementError(head, options)
    if (error !== undefined) throw error
    const { contentType, transferEncoding: encoding } = head
    const most = options.contentBytes ?? Number.POSITIVE_INFINITY
    const content = arrivingContent(startingWith([rest], ended, source), { contentType, encoding, most })
    const whole = (): ReadableStream<Uint8Array> => {
      const behind = sourceOf(content.raw().getReader())
      return pulledStream(startingWith([head.bytes], false, behind))
    }
    return { head, contentType, depth, ...content, whole, refuse }
  } catch (error) {
    if (error instanceof MsrpError && REFUSED.has(error.code)) {
      message.refuse?.(400, commentOn(error))
      await source.cancel().catch(() => {})
    }
    throw error
  }
}

/**
 * For `onRequest` of a session: looks at the first bytes of a message before it is answered. What is no message/cpim, or
 * has more head than those bytes, is left to `openCpim`.
 */
export function cpimVerdict(
  request: { readonly contentType: string },
  firstBytes: Uint8Array,
  options: OpenOptions = {},
): 'accept' | { readonly status: number; readonly comment: string } {
  if (!isCpim(request.contentType)) return 'accept'
  try {
    const head = new CpimHeadReader(options).push(firstBytes)?.head
    const error = head === undefined ? undefined : requirementError(head, options)
    return error === undefined ? 'accept' : { status: 400, comment: commentOn(error) }
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    return { status: 400, comment: commentOn(error) }
  }
}

const REFUSED: ReadonlySet<string> = new Set(['malformed', 'limit-exceeded', 'not-understood'])

function isCpim(contentType: string): boolean {
  return parseMediaType(contentType)?.type === CPIM_TYPE
}

function requirementError(head: CpimHead, { understands }: OpenOptions): MsrpError | undefined {
  const names = head.notUnderstood(understands).map(({ namespace, name }) => shown(`${namespace ?? '?'} ${name}`))
  if (names.length === 0) return undefined
  const text = `message/cpim requires what is not understood here: ${names.slice(0, 5).join(', ')}`
  return new MsrpError('not-understood', text, { status: 400 })
}

/** For the response, which is one line: it has no control characters, since `shown` lets none through. */
function commentOn(error: MsrpError): string {
  return error.message
}

async function readHead(source: ContentSource, limits: CpimLimits): Promise<FoundHead & { ended: boolean }> {
  const reader = new CpimHeadReader(limits)
  for (;;) {
    const bytes = await source.pull()
    const found = bytes === undefined ? reader.end() : reader.push(bytes)
    if (found !== undefined) return { ...found, ended: bytes === undefined }
  }
}
