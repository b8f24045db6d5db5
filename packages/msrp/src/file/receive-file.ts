import type { Clock } from '../connection/index.ts'
import { systemClock } from '../connection/system-clock.ts'
import { CPIM_TYPE, type CpimHead } from '../cpim/index.ts'
import type { IncomingMessage, Session } from '../session/api.ts'
import { MsrpError, parseMediaType } from '../wire/index.ts'
import { inform } from '../wire/inform.ts'
import { type DisposedFile, readFileDisposition } from './content-disposition.ts'
import { CpimContentSink } from './cpim-content-sink.ts'
import { decodeWords } from './encoded-word.ts'
import type { FileDates } from './file-date.ts'
import type { FileDisposition } from './file-disposition.ts'
import { type FileHash, isKnownHash } from './file-hash.ts'
import type { CreateHash } from './file-hasher.ts'
import { fileMessage } from './file-message.ts'
import { type FileRange, WHOLE_FILE } from './file-range.ts'
import type { FileSelector } from './file-selector.ts'
import type { FileTarget } from './file-target.ts'
import { lostIfGone } from './lost-session.ts'
import { registeredType } from './media-type.ts'
import { percentDecode } from './percent-encoding.ts'
import { safeFileName } from './safe-file-name.ts'
import type { FileProgress } from './send-file.ts'
import { mismatch, VerifyingSink } from './verifying-sink.ts'

/** What is to be received, and how. */
export interface ReceiveFileOptions {
  /** What the file has to be, as it was described. Hashes by functions that are not known here are passed over. */
  readonly selector?: FileSelector
  /** Which bytes of it come. Default: all. */
  readonly range?: FileRange
  /** `fileHash` of `msrp/node` or `msrp/browser`. */
  readonly createHash: CreateHash
  /** Largest file taken, in bytes. Default: no limit but the described size. */
  readonly maxSize?: number
  /** How long the file may take to begin, in milliseconds; then it is given up with `timeout`. Default 60 000. */
  readonly beginsWithin?: number
  /** Measures that. Default: the system's. */
  readonly clock?: Clock
  /** Cancels the transfer: the sender gets 413, and nothing of the file stays. */
  readonly signal?: AbortSignal
  /** Suspends it: the sender gets 413, and what is there stays for a later transfer, if the target can keep it. */
  readonly suspend?: AbortSignal
  readonly onProgress?: (progress: FileProgress) => void
}

/** A file that has arrived. */
export interface ReceivedFile {
  /** Safe to store under, whatever the sender calls the file. */
  readonly name: string
  readonly type: string
  /** Bytes that are there, those of earlier transfers included. */
  readonly size: number
  /** The hashes that were compared and are right. */
  readonly hashes: readonly FileHash[]
  readonly dates: FileDates
  readonly disposition: FileDisposition
  /** False when only a part was asked for and more is missing behind it: the target keeps it (`suspend`). */
  readonly complete: boolean
  /** What the target's `finish` gave, such as a path. */
  readonly result: unknown
}

/** What the sender says of a file together with its bytes. */
interface Arrival {
  readonly type: string
  readonly disposed: DisposedFile
}

/**
 * Receives one file over a session that is meant for it (RFC 5547 §8.7), wrapped in message/cpim or not. The file gets its
 * name only when it is what `selector` says: its size is compared as it begins and as it goes on, its hash over all of it,
 * also when this transfer brings only the rest, and name and type as it begins where no hash decides. The sender's last success REPORT waits for that; a
 * wrong file is refused with 413.
 *
 * When the session breaks or the sender gives up, the target keeps what has arrived (`suspend`), if it can; of a wrong file
 * nothing stays that this transfer has written to. The session is not closed here; whatever else comes on it, also later, is
 * refused with 403, since a session is for one file (RFC 5547 §8.7).
 * @throws MsrpError `file-mismatch`, `aborted` (by `signal`, `suspend` or the sender), `too-large`, `storage`, `timeout`,
 *   `invalid-argument` when the range does not begin where the target has the file, and what ends the session
 */
export async function receiveFile(
  session: Session,
  target: FileTarget,
  options: ReceiveFileOptions,
): Promise<ReceivedFile> {
  const part = { spoilt: false }
  try {
    return await receive(session, target, options, part)
  } catch (error) {
    if (part.spoilt || options.signal?.aborted || target.suspend === undefined) await target.discard()
    else await target.suspend()
    throw lostIfGone(error)
  }
}

async function receive(
  session: Session,
  target: FileTarget,
  options: ReceiveFileOptions,
  part: { spoilt: boolean },
): Promise<ReceivedFile> {
  const { selector = {}, range = WHOLE_FILE, createHash, maxSize = Number.POSITIVE_INFINITY } = options
  const { clock = systemClock, beginsWithin: within } = options
  const over = new AbortController()
  const signals = [options.signal, options.suspend, over.signal].filter((signal) => signal !== undefined)
  const signal = AbortSignal.any(signals)
  // From now on: nothing is to pile up while what is there already is hashed.
  const coming = fileMessage(session, { signal, clock, within })
  coming.catch(() => {})
  try {
    const { size, hashes = [] } = selector
    if (size !== undefined && size > maxSize) throw tooLarge(size, maxSize)
    const expected = { start: range.start - 1, end: range.stop ?? size, size, hashes, maxSize }
    const sink = await VerifyingSink.open(target, expected, { createHash, signal })
    let written = false
    sink.onWrite = () => {
      written = true
    }
    // What an earlier transfer brought is not wrong because this sender is; what this one added to it may be.
    const blame = (error: unknown): never => {
      part.spoilt = written
      throw error
    }
    sink.onProgress = (bytes) => {
      // What is stored once it is over is not kept.
      if (!over.signal.aborted) inform(() => options.onProgress?.({ bytes, confirmed: bytes, size }))
    }
    const message = await coming
    let arrival: Arrival | undefined
    const arrived = (it: Arrival): void => {
      checkArrival(it, selector)
      const { name, size: announced, dates } = it.disposed
      sink.facts = { name: safeFileName(selector.name ?? name), size: announced, dates }
      arrival = it
    }
    const wrapped = parseMediaType(message.contentType)?.type === CPIM_TYPE
    if (!wrapped) arrived(arrivalOfMessage(message, expected))
    const whole = wrapped ? new CpimContentSink(sink, (head) => arrived(arrivalOfCpim(head))) : sink
    // What an ordinary session has brought when it ends stays with the target alone: the rest comes in a message of its own.
    const { read } = session.resuming && !wrapped ? sink : {}
    const result = await message.saveTo(
      {
        write: (position, bytes) => whole.write(position, bytes).catch(blame),
        finish: (bytes) => whole.finish(bytes).catch(blame),
        discard: () => whole.discard(),
        ...(read === undefined ? {} : { read }),
      },
      { signal },
    )
    if (sink.partial) await target.suspend?.()
    const { type = message.contentType, disposed = {} } = arrival ?? {}
    return {
      name: safeFileName(selector.name ?? disposed.name),
      type,
      size: sink.stored,
      hashes: sink.verified,
      dates: disposed.dates ?? {},
      disposition: disposed.disposition ?? 'render',
      complete: !sink.partial,
      result,
    }
  } catch (error) {
    // What was found out before it was read; afterwards it makes no difference.
    const { status = 413, message: why } =
      error instanceof MsrpError ? error : { message: 'The file cannot be received' }
    void coming.then((message) => message.refuse(status, why)).catch(() => {})
    over.abort(error)
    throw error
  }
}

function arrivalOfMessage(message: IncomingMessage, expected: { start: number; end: number | undefined }): Arrival {
  const bytes = expected.end === undefined ? undefined : expected.end - expected.start
  if (bytes !== undefined && message.size !== undefined && message.size !== bytes) {
    throw mismatch(`${message.size} bytes are announced, not ${bytes}`)
  }
  return { type: message.contentType, disposed: readFileDisposition(message.disposition) }
}

function arrivalOfCpim(head: CpimHead): Arrival {
  return { type: head.contentType, disposed: readFileDisposition(head.contentField('Content-Disposition')) }
}

function checkArrival({ type, disposed }: Arrival, selector: FileSelector): void {
  const { name, size } = disposed
  if (size !== undefined && selector.size !== undefined && size !== selector.size) {
    throw mismatch(`its size is said to be ${size}, not ${selector.size}`)
  }
  // A hash decides better than what peers spell in different ways.
  if (selector.hashes?.some(isKnownHash)) return
  const [expected, actual] = [selector.type, type].map((one) => registeredType(one ?? ''))
  if (expected !== undefined && actual !== expected)
    throw mismatch(`its type is ${actual ?? 'not given'}, not ${expected}`)
  if (name !== undefined && selector.name !== undefined && lettersOf(name) !== lettersOf(selector.name)) {
    throw mismatch('it has another name')
  }
}

/**
 * What the spellings of one name have in common: peers encode it like a name in a selector or a header of mail, and replace
 * or leave out what is not ASCII, each in its own way.
 */
function lettersOf(name: string): string {
  return percentDecode(decodeWords(name))
    .replace(/[^0-9A-Za-z]/g, '')
    .toLowerCase()
}

function tooLarge(size: number, most: number): MsrpError {
  return new MsrpError('too-large', `The file has ${size} bytes, but ${most} are the most that is taken`, {
    status: 413,
  })
}
