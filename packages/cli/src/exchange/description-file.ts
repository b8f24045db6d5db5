import { randomBytes } from 'node:crypto'
import { open, rename, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { FileLock, storageError, unreadable } from 'msrp/node'
import { SessionDescription } from 'msrp/sdp'
import { untilAborted } from '../context.ts'
import { Failure, verdictOn } from '../failure.ts'
import type { Output } from '../terminal/output.ts'
import { printableLine } from '../terminal/printable.ts'
import { shellWord } from '../terminal/shell-word.ts'

/** Pause before a file that is awaited is looked at again, in milliseconds. */
const LOOK_EVERY = 100

/** A file that is not whole after so many looks without a change is not being written any more. */
const LOOKS = 30

/** More characters than any session description has that can be read. */
const LONGEST = 256 * 1024

/** A session description that the other side is to bring. */
export interface Awaited {
  readonly kind: 'offer' | 'answer'
  /** A file, or `-` for standard input. */
  readonly place: string
  /** What the file held before there was anything to wait for. */
  readonly before?: string | undefined
  /** Whether it is the one, or one that its writer has left behind. */
  fits(description: SessionDescription): boolean
}

/** Whether a place is standard input or output. */
export function isStandard(place: string): boolean {
  return place === '-'
}

/**
 * Gives a description to the other side: whoever looks at its file sees nothing or all of it. Its path lets in whoever knows
 * it, so nobody else on the machine can read it.
 * @param place a file, or `-` for standard output, where `--json` has its events instead
 * @throws MsrpError `storage`
 */
export async function writeDescription(place: string, text: string, output: Output): Promise<void> {
  if (isStandard(place)) {
    if (output.json) return
    // On a terminal people copy it, and are to see where it begins and ends.
    const around = process.stdout.isTTY ? '\n' : ''
    output.print(`${around}${text.trimEnd()}${around}`)
    return
  }
  const path = resolve(place)
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx' })
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw storageError(place, error)
  }
}

/**
 * Makes sure that a description may go where the user says: no other file is ever replaced by one.
 * @throws Failure `usage`; MsrpError `file-unreadable`
 */
export async function checkPlaces(
  { offer, answer }: { offer: string; answer: string },
  ours: 'offer' | 'answer',
): Promise<void> {
  if (!isStandard(offer) && resolve(offer) === resolve(answer)) {
    throw new Failure('usage', 'offer and answer need a file each')
  }
  const place = { offer, answer }[ours]
  const text = isStandard(place) ? undefined : await readDescriptionFile(place)
  if (text === undefined || /^(v=0|\s*$)/.test(text)) return
  throw new Failure('usage', `${place} is no session description, so it stays: give another name for the ${ours}`)
}

/** Whether a description offers anything: has a section for MSRP that is not at rest. */
export function offersSomething(description: SessionDescription): boolean {
  return description.messages.some(({ port }) => port !== 0)
}

/**
 * Makes sure that an offer of ours takes the place of none that the other side has made, and waits at.
 * @param isOwn whether it is one that the same command has left behind
 * @param take the command that takes an offer, without its file
 * @throws Failure `usage`; MsrpError `file-unreadable`
 */
export async function checkNoOffer(
  place: string,
  take: string,
  isOwn: (description: SessionDescription) => boolean,
): Promise<void> {
  const text = isStandard(place) ? undefined : await readDescriptionFile(place)
  if (text === undefined || text.trim() === '' || isOwn(SessionDescription.parse(text))) return
  throw new Failure(
    'usage',
    `${place} has a description in it already, which stays: ${take} ${shellWord(place)} takes an offer of the other side; ` +
      'an old one of yours you can remove',
  )
}

/**
 * Sees to it that one command at a time offers at a place, until it is disposed of: a second one would take away the offer to
 * which the first awaits an answer.
 * @throws Failure `usage` when another one is there; MsrpError `storage`
 */
export async function holdPlace(place: string): Promise<AsyncDisposable> {
  if (isStandard(place)) return { [Symbol.asyncDispose]: async () => {} }
  const path = resolve(place)
  const lock = await FileLock.take(join(dirname(path), `.${basename(path)}.lock`)).catch((error: unknown) => {
    throw storageError(place, error)
  })
  if (lock === undefined) {
    throw new Failure('usage', `another msrp offers at ${place} already: wait until it has ended, or give another name`)
  }
  return { [Symbol.asyncDispose]: () => lock.release() }
}

/** Takes a description away again, if it is still the one that was written. */
export async function removeDescription(place: string, text: string): Promise<void> {
  const there = await readDescriptionFile(place).catch(() => undefined)
  if (there === text) await unlink(place).catch(() => {})
}

/** What a file holds; undefined when there is none. @throws MsrpError `file-unreadable` */
export async function readDescriptionFile(place: string): Promise<string | undefined> {
  try {
    await using file = await open(place, 'r')
    const bytes = Buffer.alloc(LONGEST + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, null)
      if (bytesRead === 0) break
      length += bytesRead
    }
    if (length > LONGEST) throw new Error(`it is no session description: those have at most ${LONGEST} characters`)
    return bytes.toString('utf8', 0, length)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unreadable(place, error)
  }
}

/**
 * Waits until the other side's description is there, and whole.
 * @throws MsrpError `malformed` naming the line, `limit-exceeded`, `file-unreadable`; Failure `usage`; the signal's reason
 */
export async function awaitDescription(
  awaited: Awaited,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<string> {
  const { kind, place } = awaited
  if (!isStandard(place)) return awaitFile(awaited, { output, signal })
  if (process.stdin.isTTY) {
    output.say(`Paste the ${kind} here, and behind it a line with a single dot, or Ctrl-D:`)
  }
  const text = await untilAborted(readTyped(), signal)
  if (text.trim() === '') throw new Failure('usage', `no ${kind} came on standard input`)
  if (!awaited.fits(SessionDescription.parse(text))) {
    throw new Failure('usage', `what came on standard input is not the ${kind} that was to come`)
  }
  return text
}

async function awaitFile(
  { kind, place, before, fits }: Awaited,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<string> {
  let told = false
  let [last, same]: [string | undefined, number] = [undefined, 0]
  for (;;) {
    const text = await readDescriptionFile(place)
    same = text === last ? same + 1 : 0
    last = text
    // Somebody may be copying it: what does not grow between two looks is all.
    if (text !== undefined && text !== before && text !== '' && same > 0) {
      try {
        if (fits(SessionDescription.parse(text))) return text
      } catch (error) {
        if (same >= LOOKS) throw error
        if (verdictOn(error).code === 'internal') throw error
      }
    }
    // The first look says nothing of whether it is whole, so nobody hears yet that it is waited for.
    if (!told && (text === undefined || same > 0)) {
      told = true
      output.say(output.faint(`Waiting for the ${kind} in ${printableLine(shellWord(place))}; Ctrl-C gives up.`))
    }
    await pause(LOOK_EVERY, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** Standard input up to its end, or to a line with a single dot. */
async function readTyped(): Promise<string> {
  let text = ''
  for await (const line of createInterface({ input: process.stdin, terminal: false })) {
    if (line.trim() === '.') break
    text += `${line}\r\n`
    if (text.length > LONGEST) break
  }
  return text
}
