import { textOfBody } from '../wire/charset.ts'
import { MsrpError, parseMediaType } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import type { CpimHead } from './head.ts'
import { CPIM_TYPE, CpimHeadReader, type CpimLimits } from './head-reader.ts'
import type { CpimName } from './header.ts'

/** What of a received message is needed to open it: an `IncomingMessage` of `msrp`, or anything like it. */
export interface CpimSource {
  readonly contentType: string
  stream(): ReadableStream<Uint8Array>
  refuse?(status: number, comment?: string): void
}

/** How to open a message. */
export interface OpenOptions extends CpimLimits {
  /** Which headers and features of other namespaces the application understands, of those that messages require. */
  readonly understands?: (required: CpimName) => boolean
}

/** A message/cpim whose head has arrived. Read its content once, by one of the three ways. */
export interface OpenedCpim {
  readonly head: CpimHead
  /** The whole content as text, by the charset of its Content-Type, UTF-8 otherwise. */
  text(): Promise<string>
  /** The whole content. */
  bytes(): Promise<Uint8Array>
  /** The content as it arrives. Cancelling it tells the sender to stop. */
  stream(): ReadableStream<Uint8Array>
}

/**
 * Reads the head of a received message/cpim, and leaves its content to be read. A message that cannot be read, or that
 * requires what is not understood here, is refused with 400 (RFC 4975 §10.2, RFC 3862 §3.5); a short one has had its
 * answer by then, so those that shall know in time look at it with `cpimVerdict` before.
 * @throws MsrpError `malformed`, `limit-exceeded`, `not-understood`, `type-not-accepted` when it is no message/cpim, and
 *   what reading the message throws
 */
export async function openCpim(message: CpimSource, options: OpenOptions = {}): Promise<OpenedCpim> {
  if (!isCpim(message.contentType)) {
    throw new MsrpError('type-not-accepted', `A message of type ${shown(message.contentType)} is no message/cpim`)
  }
  const source = message.stream().getReader()
  try {
    const { head, rest, ended } = await readHead(source, options)
    const error = requirementError(head, options)
    if (error !== undefined) throw error
    const stream = (): ReadableStream<Uint8Array> => contentStream(rest, ended, source)
    const bytes = (): Promise<Uint8Array> =>
      new Response(stream()).arrayBuffer().then((buffer) => new Uint8Array(buffer))
    return { head, stream, bytes, text: async () => textOfBody(await bytes(), head.contentType) }
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

async function readHead(
  source: ReadableStreamDefaultReader<Uint8Array>,
  limits: CpimLimits,
): Promise<{ head: CpimHead; rest: Uint8Array; ended: boolean }> {
  const reader = new CpimHeadReader(limits)
  for (;;) {
    const { done, value } = await source.read()
    if (done) return { head: reader.end(), rest: new Uint8Array(), ended: true }
    const found = reader.push(value)
    if (found !== undefined) return { ...found, ended: false }
  }
}

function contentStream(
  rest: Uint8Array,
  ended: boolean,
  source: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let first = rest.length > 0 ? rest : undefined
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } =
          first === undefined && !ended ? await source.read() : { done: first === undefined, value: first }
        first = undefined
        if (done || value === undefined) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => source.cancel(reason),
    },
    // Nothing is fetched before it is asked for, as in the message itself.
    { highWaterMark: 0 },
  )
}
