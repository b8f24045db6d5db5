import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { IncomingMessage } from 'msrp'
import { CPIM_TYPE } from 'msrp/cpim'
import { safeFileName } from 'msrp/file'
import { isAttachment, MsrpError, parseMediaType, textDecoderOf, textOfBody } from 'msrp/wire'
import { extensionFor } from '../outgoing/media-type.ts'
import type { Output } from '../terminal/output.ts'
import { Progress } from '../terminal/progress.ts'
import { EnvelopeSink } from './envelope.ts'
import { StoredFile } from './stored-file.ts'
import { LARGEST_TEXT, TextSink } from './text-sink.ts'

/** How often the progress of an incoming file is looked at, in milliseconds. */
const LOOK_EVERY = 100

interface TakenFacts {
  messageId: string
  type: string
  /** The file name as the sender gave it; null when there was none. */
  name: string | null
  /** Bytes. */
  size: number
  /** Lower-case hex. */
  sha256: string
  /** It came before, on an earlier session. */
  duplicate: boolean
  /** Bytes that an earlier transfer had brought. */
  from?: number
  /** Its hash is the one that was described. */
  verified?: boolean
}

/** A message that has arrived whole. */
export type Taken =
  | ({ kind: 'text'; text: string } & TakenFacts)
  /** `path` is absolute. */
  | ({ kind: 'file'; path: string } & TakenFacts)

/**
 * Reads a message to its end: a text into memory, anything else into a file in `folder`.
 * @param folder is asked for only when there is a file to be stored
 * @throws MsrpError `storage` when the file cannot be written, others when the message does not arrive
 */
export async function takeMessage(
  message: IncomingMessage,
  options: { folder: () => Promise<string>; output: Output; signal: AbortSignal },
): Promise<Taken> {
  const { messageId, contentType: type, duplicate } = message
  const facts = { messageId, type, name: message.fileName ?? null, duplicate }
  const mediaType = isAttached(message) ? undefined : parseMediaType(type)?.type
  if (mediaType === 'text/plain' && isDecodable(type) && (await isShort(message))) {
    const sink = new TextSink()
    await message.saveTo(sink, { signal: options.signal })
    return { kind: 'text', text: textOfBody(sink.body, type), ...facts, ...factsOf(sink.body) }
  }
  if (mediaType === CPIM_TYPE && (await isShort(message))) {
    return { ...facts, ...(await takeEnvelope(message, options)) }
  }
  return { kind: 'file', ...facts, ...(await store(message, options)) }
}

async function takeEnvelope(
  message: IncomingMessage,
  { folder, signal }: { folder: () => Promise<string>; signal: AbortSignal },
): Promise<{ size: number; sha256: string } & ({ kind: 'text'; text: string } | { kind: 'file'; path: string })> {
  const name = safeFileName(message.fileName, extensionFor(message.contentType))
  const sink = new EnvelopeSink(async () => new StoredFile(await folder(), name))
  await message.saveTo(sink, { signal })
  if (sink.text !== undefined) return { kind: 'text', text: sink.text, ...factsOf(sink.body) }
  if (!sink.file?.facts) throw new Error('the file was not finished')
  return { kind: 'file', ...sink.file.facts }
}

function factsOf(body: Uint8Array): { size: number; sha256: string } {
  return { size: body.length, sha256: createHash('sha256').update(body).digest('hex') }
}

async function store(
  message: IncomingMessage,
  options: { folder: () => Promise<string>; output: Output; signal: AbortSignal },
): Promise<{ path: string; size: number; sha256: string }> {
  const { output, signal } = options
  const name = safeFileName(message.fileName, extensionFor(message.contentType))
  const folder = await options.folder().catch((error: unknown) => {
    message.refuse()
    throw error
  })
  const file = new StoredFile(folder, name)
  const { messageId, fileName, size } = message
  const progress = new Progress(output, { messageId, direction: 'receiving', name: fileName ?? null }, size)
  const looking = setInterval(() => progress.update(message.received, message.size), LOOK_EVERY)
  try {
    await message.saveTo(file, { signal })
    if (!file.facts) throw new Error('the file was not finished')
    progress.complete(file.facts.size)
    return file.facts
  } catch (error) {
    await file.discard()
    throw error
  } finally {
    clearInterval(looking)
    progress.end()
  }
}

/** Whether a message is for keeping rather than for reading. */
function isAttached({ disposition, fileName }: IncomingMessage): boolean {
  return isAttachment(disposition) || fileName !== undefined
}

/** Whether the charset of a text is known here; a text in another is kept as it is. */
function isDecodable(contentType: string): boolean {
  try {
    textDecoderOf(contentType)
    return true
  } catch (error) {
    if (error instanceof MsrpError) return false
    throw error
  }
}

/** Whether a message is small enough to be shown. */
async function isShort(message: IncomingMessage): Promise<boolean> {
  // Where the sender did not announce the size, only the end of the message or its first 64 KiB tell.
  const arrived = message.complete.then(
    () => true,
    () => true,
  )
  while (message.size === undefined && message.received <= LARGEST_TEXT) {
    if (await Promise.race([arrived, pause(LOOK_EVERY, false)])) break
  }
  return (message.size ?? message.received) <= LARGEST_TEXT
}
