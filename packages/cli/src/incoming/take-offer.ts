import { resolve } from 'node:path'
import { Endpoint, MsrpError } from 'msrp'
import {
  type FileHash,
  FileTransfers,
  type OfferedFile,
  parseFileDescription,
  type ReceiveTransfer,
  safeFileName,
} from 'msrp/file'
import { FileStore, nodeFilePlatform } from 'msrp/node'
import { type MessageDescription, Negotiation, SessionDescription } from 'msrp/sdp'
import { type Context, untilAborted } from '../context.ts'
import {
  awaitDescription,
  checkPlaces,
  isStandard,
  offersSomething,
  writeDescription,
} from '../exchange/description-file.ts'
import { isOfFile, MOST_OFFERED, PATIENCE, reachOfAnswerer } from '../exchange/reach.ts'
import { Failure, Incomplete, type Verdict, verdictOn } from '../failure.ts'
import { endpointOptions } from '../options/connection.ts'
import { nameOfPath } from '../outgoing/folder.ts'
import { extensionFor } from '../outgoing/media-type.ts'
import type { Output } from '../terminal/output.ts'
import { printableLine } from '../terminal/printable.ts'
import { Progress } from '../terminal/progress.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { formatBytes } from '../terminal/units.ts'
import { printTaken } from './print-taken.ts'
import { hashOfFile, prepareFolder } from './stored-file.ts'
import type { WaitingOptions } from './waiting-place.ts'

/** How an offer is taken. */
export interface TakeOptions extends WaitingOptions {
  dir: string
  /** Where the offer comes from. */
  offer: string
  /** Where the answer goes. */
  answer?: string
  /** Names of the files that are wanted; all unless given. */
  only?: string[]
}

/** A file that is taken. */
interface Taking {
  readonly name: string
  readonly size: number | undefined
  /** Bytes that earlier transfers had brought. */
  readonly from: number
  readonly messageId: string
  readonly transfer: ReceiveTransfer
  /** What is there of it, for the next offer to go on from. */
  readonly stored: () => Promise<number>
  /** Bytes that this transfer brought. */
  bytes: number
  failure?: Verdict
}

/**
 * Takes the files that a session description offers (RFC 5547): writes the answer, stores what comes, and verifies it.
 * What is there of a file from an earlier command is kept for the next.
 * @throws Failure, MsrpError; Incomplete when some files were stored and others not
 */
export async function takeOffer(options: TakeOptions, context: Context): Promise<void> {
  const { output, signal } = context
  const { answer = '-' } = options
  await checkPlaces({ offer: options.offer, answer }, 'answer')
  const folder = await prepareFolder(options.dir)
  const fits = offersSomething
  const offer = await awaitDescription({ kind: 'offer', place: options.offer, fits }, { output, signal })
  await new FileStore(folder).clean()
  await using endpoint = new Endpoint(await endpointOptions(options, output))
  const offered = SessionDescription.parse(offer).messages.filter(({ port }) => port !== 0)
  if (!offered.some(isOfFile)) {
    throw new Failure(
      'usage',
      `this offers a chat: msrp chat --take ${shellWord(options.offer)} --answer FILE takes it`,
    )
  }
  const wanted = new Wanted(options.only, offered)
  const media = await reachOfAnswerer(offered, options, output)
  const taking: Taking[] = []
  const unstorable: Verdict[] = []
  const transfers = new FileTransfers({
    platform: nodeFilePlatform,
    media,
    most: MOST_OFFERED,
    onOffered: async (offered) => {
      const taken = await decide(offered, folder, wanted, context)
      if (taken !== undefined) taking.push(taken)
    },
    // The negotiation goes on without that file.
    onError: (error) => unstorable.push(verdictOn(error)),
  })
  await using negotiation = new Negotiation(endpoint, [], { onMedium: transfers.onMedium, signal, patience: PATIENCE })
  try {
    const text = await negotiation.answer(offer).catch(async (error: unknown) => {
      // Whoever waits for it should not wait in vain.
      if (error instanceof MsrpError && error.code === 'not-acceptable') {
        await give(negotiation.refuse(offer), answer, context)
      }
      const [first] = unstorable
      throw first === undefined ? error : new Incomplete(first.message, first)
    })
    await give(text, answer, context)
    await untilAborted(Promise.all(taking.map((one) => settle(one, context))), signal)
  } finally {
    for (const { transfer } of taking) transfer.suspend(signal.reason)
    await Promise.allSettled(taking.map(({ transfer }) => transfer.done))
  }
  conclude(taking, unstorable, context)
}

/** The names that `--only` gave. */
class Wanted {
  readonly #names: ReadonlySet<string> | undefined

  /** @throws Failure `usage` when one of them is the name of nothing that is offered */
  constructor(only: readonly string[] | undefined, offered: readonly MessageDescription[]) {
    if (only === undefined) return
    // A file out of a folder has a name of another spelling than its path, which is what its sender sees.
    this.#names = new Set(only.flatMap((name) => [name, nameOfPath(name)]))
    const names = offered.map(nameIn)
    const known = new Set(names.flatMap((name) => [name, safeFileName(name)]))
    const unknown = only.find((name) => !known.has(name) && !known.has(nameOfPath(name)))
    if (unknown === undefined) return
    const there = names.map((name) => name ?? safeFileName(name)).join(', ')
    throw new Failure('usage', `no file called ${unknown} is offered (--only), but: ${there}`)
  }

  has(...names: readonly string[]): boolean {
    return this.#names === undefined || names.some((name) => this.#names?.has(name))
  }
}

/** What a file offered is called; undefined also where nobody understands how it is described, which is refused later. */
function nameIn(section: MessageDescription): string | undefined {
  try {
    return parseFileDescription(section)?.selector.name
  } catch (error) {
    if (error instanceof MsrpError) return undefined
    throw error
  }
}

/** Decides on one file, and says so. @throws MsrpError `storage` */
async function decide(
  offered: OfferedFile,
  folder: string,
  wanted: Wanted,
  { output }: Context,
): Promise<Taking | undefined> {
  const { selector, range, name: safeName } = offered
  const { name = safeName, size, type } = selector
  const from = range.start - 1
  const store = new FileStore(folder, { mode: 0o666, sync: true, extension: extensionFor(type ?? '') })
  const stored = await store.stored(selector)
  let reason: string | undefined
  if (!wanted.has(name, safeName)) reason = 'it is not wanted'
  else if (from > stored) {
    reason = `it is offered from byte ${range.start} on, but ${stored} bytes are here; the next offer will have all of it`
  }
  const sha256 = sha256In(selector.hashes) ?? null
  const facts = { name: selector.name ?? null, type: type ?? null, size: size ?? null, sha256, from, stored }
  output.event({ event: 'offered', ...facts, taken: reason === undefined })
  if (!output.json) {
    const amount = size === undefined ? 'of unknown size' : formatBytes(size)
    const rest = from === 0 ? '' : `; have ${from} of ${size ?? 'an unknown number of'} bytes, the rest comes`
    const kind = type === undefined ? '' : `  ${printableLine(type)}`
    const fate = reason === undefined ? rest : `  refused: ${reason}`
    output.say(`  ${printableLine(name)}  ${amount}${kind}${fate}`)
  }
  if (reason === undefined) return begin(offered, store, output)
  offered.refuse(reason)
  return undefined
}

async function begin(offered: OfferedFile, store: FileStore, output: Output): Promise<Taking> {
  const { selector, range, name, description } = offered
  const { transferId: messageId = '' } = description
  let progress: Progress | undefined
  const transfer = offered.take(await store.open(selector), {
    onProgress: ({ bytes, size }) => {
      progress ??= new Progress(output, { messageId, direction: 'receiving', name: selector.name ?? null }, size)
      progress.update(bytes, size)
    },
  })
  const taking: Taking = {
    name: selector.name ?? name,
    size: selector.size,
    from: range.start - 1,
    messageId,
    transfer,
    stored: () => store.stored(selector),
    bytes: 0,
  }
  transfer.done.then(
    ({ size }) => progress?.complete(size),
    () => progress?.end(),
  )
  return taking
}

async function give(text: string, place: string, { output }: Context): Promise<void> {
  await writeDescription(place, text, output)
  output.event({ event: 'description', kind: 'answer', path: isStandard(place) ? null : resolve(place), sdp: text })
  if (output.json) return
  const what = isStandard(place) ? 'The text above' : printableLine(shellWord(place))
  output.say(`${what} is the answer: the side that made the offer needs it.`)
}

/** Waits for the end of one file and tells it. */
async function settle(taking: Taking, { output, signal }: Context): Promise<void> {
  const { transfer, name, messageId, from } = taking
  try {
    const received = await transfer.done
    taking.bytes = received.size - from
    if (!received.complete) {
      taking.failure = await verdictOnFile(
        taking,
        new MsrpError('closed', 'only a part of it was offered, and has come'),
      )
      return
    }
    const path = String(received.result)
    const known = sha256In(received.hashes)
    printTaken(
      {
        kind: 'file',
        path,
        messageId,
        type: received.type,
        name,
        size: received.size,
        sha256: known ?? (await hashOfFile(path)),
        duplicate: false,
        from,
        verified: received.hashes.length > 0,
      },
      output,
    )
  } catch (error) {
    if (!signal.aborted) taking.failure = await verdictOnFile(taking, error)
  }
}

/** What went wrong with one file, and what there is of it for the next time. */
async function verdictOnFile({ name, size, stored }: Taking, error: unknown): Promise<Verdict> {
  const verdict = verdictOn(error)
  const storedBytes = await stored()
  const there = `; have ${storedBytes} of ${size ?? 'an unknown number of'} bytes`
  const rest = storedBytes === 0 ? '' : ', and the next offer can go on there'
  const outcome = verdict.code === 'file-mismatch' ? '; it was not stored' : `${there}${rest}`
  return { ...verdict, message: `${name}: ${verdict.message}${outcome}`, name, storedBytes }
}

function conclude(taking: readonly Taking[], unstorable: readonly Verdict[], { output }: Context): void {
  const failed = taking.flatMap(({ failure, messageId }) => (failure === undefined ? [] : [{ failure, messageId }]))
  const [first] = [...failed.map(({ failure }) => failure), ...unstorable]
  if (first === undefined) {
    const bytes = taking.reduce((sum, { bytes }) => sum + bytes, 0)
    output.event({ event: 'done', messages: taking.length, bytes })
    return
  }
  const all = taking.length + unstorable.length
  if (all === 1) throw new Incomplete(first.message, first)
  for (const { failure, messageId } of failed) output.error(failure, messageId)
  for (const failure of unstorable) output.error(failure)
  throw new Incomplete(`${failed.length + unstorable.length} of ${all} files did not arrive`, first)
}

function sha256In(hashes: readonly FileHash[] = []): string | undefined {
  return hashes.find(({ algorithm }) => algorithm === 'sha-256')?.digest
}
